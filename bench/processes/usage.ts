/** What a measured process has used so far. */
export interface Usage {
  /** User and system time of all threads: also garbage collection and file writes. */
  readonly cpuUs: number;
  /** After a full collection when one was asked for. */
  readonly heapBytes: number;
  /** Buffers outside the heap. */
  readonly externalBytes: number;
  readonly residentBytes: number;
}

/** `collectsGarbage` needs node's `--expose-gc`. */
export function usage(collectsGarbage: boolean): Usage {
  // Twice: what a finaliser lets go of is free only the second time.
  if (collectsGarbage) for (let pass = 0; pass < 2; pass++) collectGarbage();
  const { user, system } = process.cpuUsage();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { cpuUs: user + system, heapBytes: heapUsed, externalBytes: external, residentBytes: rss };
}

function collectGarbage(): void {
  if (globalThis.gc === undefined) throw new Error('start node with --expose-gc');
  globalThis.gc();
}
