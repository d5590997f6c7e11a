// Loaded into an engine process before anything of the engine (`node --import`): does to it what it is told over the
// parent's channel, so that the engine itself needs no switches for tests.
import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { getHeapStatistics } from 'node:v8';

const descriptors = [];
let ballast = [];
let blocking;
let taking;

/** Opens no file, unlike `process.memoryUsage`: there may be no descriptor for it. */
function heap() {
  const { used_heap_size, heap_size_limit } = getHeapStatistics();
  return { heapUsedBytes: used_heap_size, heapShare: used_heap_size / heap_size_limit };
}

function block(forMs) {
  const untilMs = performance.now() + forMs;
  while (performance.now() < untilMs);
}

function takeDescriptors() {
  for (;;) {
    try {
      descriptors.push(openSync(devNull, 'r'));
    } catch {
      return;
    }
  }
}

const DEEDS = {
  block: ({ forMs }) => block(forMs),
  blockEvery: ({ forMs, everyMs }) => {
    blocking = setInterval(() => block(forMs), everyMs);
  },
  stopBlocking: () => clearInterval(blocking),
  // And those that become free meanwhile.
  takeDescriptors: () => {
    taking = setInterval(takeDescriptors, 5);
    takeDescriptors();
  },
  giveDescriptors: () => {
    clearInterval(taking);
    for (const descriptor of descriptors.splice(0)) closeSync(descriptor);
  },
  fillHeap: ({ toShare }) => {
    while (heap().heapShare < toShare) ballast.push(Array.from({ length: 10_000 }, (_, index) => index + 0.5));
  },
  emptyHeap: () => {
    ballast = [];
    globalThis.gc();
  },
  collectGarbage: () => {
    globalThis.gc();
  },
  reject: () => {
    void Promise.reject(new Error('injected rejection'));
  },
  throw: () => {
    setImmediate(() => {
      throw new Error('injected exception');
    });
  },
};

process.on('message', ({ id, deed, ...details }) => {
  DEEDS[deed](details);
  process.send({ id, ...heap() });
});
