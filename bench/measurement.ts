/** One result of a benchmark: the object that `--json` prints. */
export interface Measurement {
  /** Stable, lower case with dots; `--only` selects by it. */
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

/** How much of it a run does. */
export interface BenchScale {
  /** Of one measured phase. */
  readonly seconds: number;
  /** Of a surge beyond what the engine can do. */
  readonly surgeSeconds: number;
  /** Alternations of engine and baseline. */
  readonly rounds: number;
  /** Auctions of the memory run, and how often its heap is looked at. */
  readonly auctions: number;
  readonly heapSamples: number;
  /** Of each timing of one function. */
  readonly functionMs: number;
}

export interface BenchContext {
  readonly scale: BenchScale;
  readonly seed: number;
  /** One line for a person who waits. */
  readonly progress: (line: string) => void;
}

/** Middle value; the mean of the two middle ones when there is an even number. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The value that `percent` of the values do not exceed. NaN for none. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent * sorted.length) / 100) - 1)] ?? Number.NaN;
}
