import { LatencyHistogram } from '../../simulator/traffic/latency-histogram.ts';

/** What became of the requests that were due in one second. */
export interface SecondTally {
  good: number;
  refused: number;
  /** Answered too late, with another status, or not at all. */
  failed: number;
  /** From due to answered, of the good. */
  readonly latency: LatencyHistogram;
}

export interface PhaseTallyOptions {
  /** Of `performance.now()`. */
  readonly startMs: number;
  readonly seconds: number;
  readonly deadlineMs: number;
}

/** Counts and times of one phase of load. `good`: 200 within the deadline, counted from when the request was due. */
export class PhaseTally {
  readonly #options: PhaseTallyOptions;
  readonly seconds: readonly SecondTally[];
  /** Of all that were answered 200, late ones too: what was admitted. */
  readonly admitted = new LatencyHistogram();
  readonly refused = new LatencyHistogram();
  readonly sendLateness = new LatencyHistogram();

  constructor(options: PhaseTallyOptions) {
    this.#options = options;
    this.seconds = Array.from({ length: Math.ceil(options.seconds) }, () => ({
      good: 0,
      refused: 0,
      failed: 0,
      latency: new LatencyHistogram(),
    }));
  }

  sent(latenessMs: number): void {
    this.sendLateness.record(latenessMs);
  }

  /** `status` 0: no answer came. True when it was a good one. */
  ended(dueMs: number, nowMs: number, status: number): boolean {
    const latencyMs = nowMs - dueMs;
    const second = this.#secondOf(dueMs);
    if (status === 200) this.admitted.record(latencyMs);
    if (status === 200 && latencyMs <= this.#options.deadlineMs) {
      second.good++;
      second.latency.record(latencyMs);
      return true;
    }
    if (status === 429) {
      second.refused++;
      this.refused.record(latencyMs);
      return false;
    }
    second.failed++;
    return false;
  }

  get goodPerSec(): number {
    return this.#sum('good') / this.#options.seconds;
  }

  get refusedCount(): number {
    return this.#sum('refused');
  }

  /** Late, lost, or of another status. */
  get failedCount(): number {
    return this.#sum('failed');
  }

  #sum(field: 'good' | 'refused' | 'failed'): number {
    return this.seconds.reduce((sum, second) => sum + second[field], 0);
  }

  #secondOf(dueMs: number): SecondTally {
    const index = Math.floor((dueMs - this.#options.startMs) / 1000);
    // Repeats of the last second are due after the phase.
    return this.seconds[Math.min(index, this.seconds.length - 1)]!;
  }
}
