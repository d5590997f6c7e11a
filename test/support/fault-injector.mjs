// Loaded into an engine process before anything of the engine (`node --import`): does to it what it is told over the
// parent's channel, so that the engine itself needs no switches for tests.
import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';

const BALLAST_NUMBERS = 50_000;

const descriptors = [];
let ballast = [];
let blocking;
let taking;

/** V8's limit less three semi-spaces of 16 MiB: what the old generation may have. */
const oldBytesMax = getHeapStatistics().heap_size_limit - 48 * 1024 * 1024;

/** Opens no file, unlike `process.memoryUsage`: there may be no descriptor for it. */
function heapUsedBytes() {
  return getHeapSpaceStatistics()
    .filter(({ space_name }) => !space_name.startsWith('new_'))
    .reduce((sum, { space_used_size }) => sum + space_used_size, 0);
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
    globalThis.gc();
    const bytes = toShare * oldBytesMax - heapUsedBytes();
    for (let filled = 0; filled < bytes; filled += 8 * BALLAST_NUMBERS)
      ballast.push(new Array(BALLAST_NUMBERS).fill(0.5));
    globalThis.gc();
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
  process.send({ id, heapUsedBytes: heapUsedBytes() });
});
