import { GCProfiler, type GCProfilerResult } from 'node:v8';

/** What a process has allocated on its heap, and what collecting that cost. */
export interface Garbage {
  readonly allocatedBytes: number;
  /** What young collections found alive and moved: nearly all that they cost. Bytes that are moved twice count twice. */
  readonly survivedBytes: number;
  /** Time the main thread stood still. */
  readonly pausedUs: number;
}

type HeapState = GCProfilerResult['statistics'][number]['afterGC'];

let profiler: GCProfiler | null = null;
let usedAtStartBytes = 0;

export function startGarbageCount(): void {
  profiler = new GCProfiler();
  usedAtStartBytes = process.memoryUsage().heapUsed;
  profiler.start();
}

/** Since `startGarbageCount`, and ends it. */
export function endGarbageCount(): Garbage {
  let allocatedBytes = 0;
  let survivedBytes = 0;
  let pausedUs = 0;
  let usedBytes = usedAtStartBytes;
  for (const { gcType, cost, beforeGC, afterGC } of profiler!.stop().statistics) {
    // Sweeping goes on after a full collection and may free more than was allocated since.
    allocatedBytes += Math.max(0, beforeGC.heapStatistics.usedHeapSize - usedBytes);
    usedBytes = afterGC.heapStatistics.usedHeapSize;
    pausedUs += cost;
    if (gcType === 'Scavenge') survivedBytes += usedOf('new_space', afterGC) + promotedBytes(beforeGC, afterGC);
  }
  allocatedBytes += Math.max(0, process.memoryUsage().heapUsed - usedBytes);
  return { allocatedBytes, survivedBytes, pausedUs };
}

function promotedBytes(before: HeapState, after: HeapState): number {
  return Math.max(0, usedOf('old_space', after) - usedOf('old_space', before));
}

function usedOf(space: string, { heapSpaceStatistics }: HeapState): number {
  return heapSpaceStatistics.find(({ spaceName }) => spaceName === space)?.spaceUsedSize ?? 0;
}
