// Loaded into an engine process before anything of the engine (`node --import`): does to it what it is told over the
// parent's channel, so that the engine itself needs no switches for tests.
import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { getHeapStatistics } from 'node:v8';

const descriptors = [];
let ballast = [];
let blocking;

const heapShare = () => {
  const { used_heap_size, heap_size_limit } = getHeapStatistics();
  return used_heap_size / heap_size_limit;
};

function block(forMs) {
  const untilMs = performance.now() + forMs;
  while (performance.now() < untilMs);
}

const DEEDS = {
  block: ({ forMs }) => block(forMs),
  blockEvery: ({ forMs, everyMs }) => {
    blocking = setInterval(() => block(forMs), everyMs);
  },
  stopBlocking: () => clearInterval(blocking),
  takeAllDescriptors: () => {
    for (;;) {
      try {
        descriptors.push(openSync(devNull, 'r'));
      } catch {
        return;
      }
    }
  },
  giveDescriptors: ({ count }) => {
    for (const descriptor of descriptors.splice(0, count)) closeSync(descriptor);
  },
  fillHeap: ({ toShare }) => {
    while (heapShare() < toShare) ballast.push(Array.from({ length: 10_000 }, (_, index) => index + 0.5));
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
  process.send({ id, heapShare: heapShare(), heapUsedBytes: process.memoryUsage().heapUsed });
});
