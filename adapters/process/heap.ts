/**
 * Watches how much of the largest heap the process may have is used. Admission sheds from 85% on (docs/overload.md); at 92%
 * the process asks, once, to be replaced (docs/processes.md): a leak does not end by itself, and a planned restart loses no
 * auction.
 */
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';
import type { TimerHandle, Timers } from '../../engine/ports/clock.ts';

export interface HeapWatch {
  /** Used share of the heap limit, 0..1, at most a quarter of a second old. */
  readonly share: () => number;
  readonly stop: () => void;
}

export interface HeapWatchOptions {
  readonly timers: Timers;
  /** Used share now, 0..1; `v8HeapShare` but in tests. */
  readonly readShare: () => number;
  /** From here a restart is wanted, 0..1. */
  readonly restartShare: number;
  /** Called at most once. */
  readonly onRestartWanted: (heapShare: number) => void;
}

const SAMPLE_MS = 250;
/** Garbage can fill a heap for a moment; what survives this many samples in a row (2 s) is not garbage. */
const SAMPLES_FOR_RESTART = 8;

const MIB = 1024 * 1024;
/** V8's limit is that of the old generation and three semi-spaces (`Heap::MaxReserved`), whose size it does not tell. */
const SEMI_SPACES = 3;
const SEMI_SPACE_MIB = 16;
/** The options of a process do not change while it runs. */
const YOUNG_BYTES_MAX = youngBytesMax(process.execArgv);

/**
 * Reads the used share of the old generation, about 20 us. It is what runs out: V8 gives up when it is full, which a heap of 160 MB is at
 * 73% of V8's own limit. External memory (buffers) is not in it: the container's limit guards that.
 */
export function v8HeapShare(): number {
  let usedBytes = 0;
  for (const { space_name, space_used_size } of getHeapSpaceStatistics()) {
    if (!space_name.startsWith('new_')) usedBytes += space_used_size;
  }
  return usedBytes / (getHeapStatistics().heap_size_limit - YOUNG_BYTES_MAX);
}

/** Bytes of V8's limit that are for the young generation, by the process's options and those of `NODE_OPTIONS`. */
export function youngBytesMax(execArgv: readonly string[], nodeOptions = process.env.NODE_OPTIONS ?? ''): number {
  const options = `${nodeOptions} ${execArgv.join(' ')}`;
  const given = [...options.matchAll(/--max[-_]semi[-_]space[-_]size=(\d+)/g)].at(-1)?.[1];
  return SEMI_SPACES * MIB * (given === undefined ? SEMI_SPACE_MIB : Number(given));
}

/** Samples until stopped, and keeps the process alive as long. */
export function watchHeap({ timers, readShare, restartShare, onRestartWanted }: HeapWatchOptions): HeapWatch {
  let share = readShare();
  let samplesAbove = 0;
  let asked = false;
  let handle: TimerHandle;

  const sample = (): void => {
    share = readShare();
    samplesAbove = share >= restartShare ? samplesAbove + 1 : 0;
    handle = timers.schedule(SAMPLE_MS, sample);
    if (samplesAbove !== SAMPLES_FOR_RESTART || asked) return;
    asked = true;
    onRestartWanted(share);
  };
  handle = timers.schedule(SAMPLE_MS, sample);

  return { share: () => share, stop: () => timers.cancel(handle) };
}
