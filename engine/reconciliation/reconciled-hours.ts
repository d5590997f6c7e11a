/** Which hours have been reconciled, and what of them is still open. An hour that differs is looked at again until it agrees. */
import { type ChargeReconciliation, DIFFERENCES, type Difference, differenceCount } from './charge-verdict.ts';

export const HOUR_MS = 3_600_000;

export interface ReconciledHoursOptions {
  /** Behind its end an hour is looked at, ms: by then most of it is booked and archived. */
  readonly afterMs: number;
  /** Hours before the first look that are looked at. */
  readonly hoursBack: number;
  /** Behind its start an hour is forgotten, ms: the archive no longer has it. */
  readonly keptMs: number;
}

export interface UnreconciledFigures {
  readonly nanos: bigint;
  readonly charges: Readonly<Record<Difference, number>>;
  /** What is wrong with the books by themselves. */
  readonly problems: number;
  /** End of the last hour that was looked at, epoch ms; null: none was. */
  readonly untilMs: number | null;
}

type HourResult = Pick<ChargeReconciliation, 'fromMs' | 'verdicts' | 'unreconciledNanos'> & {
  readonly problems: number;
};

export class ReconciledHours {
  readonly #options: ReconciledHoursOptions;
  /** By start: those in which something differs, or waits. */
  readonly #open = new Map<number, HourResult>();
  /** The first that was never looked at. */
  #nextMs: number | null = null;
  #lookedUntilMs: number | null = null;

  constructor(options: ReconciledHoursOptions) {
    this.#options = options;
  }

  /** Starts of the hours to look at now, oldest first. */
  due(nowMs: number): number[] {
    const { afterMs, hoursBack, keptMs } = this.#options;
    const endMs = Math.floor((nowMs - afterMs) / HOUR_MS) * HOUR_MS;
    this.#nextMs ??= endMs - hoursBack * HOUR_MS;
    for (const startMs of this.#open.keys()) if (startMs < nowMs - keptMs) this.#open.delete(startMs);
    const hours = [...this.#open.keys()].sort((one, other) => one - other);
    for (let startMs = this.#nextMs; startMs < endMs; startMs += HOUR_MS) hours.push(startMs);
    return hours;
  }

  /** Of one that was due. */
  record(result: HourResult): void {
    const { fromMs, verdicts, problems } = result;
    const isOpen = problems > 0 || differenceCount(result) > 0 || (verdicts.pending ?? 0) > 0;
    if (isOpen) this.#open.set(fromMs, result);
    else this.#open.delete(fromMs);
    this.#nextMs = Math.max(this.#nextMs ?? 0, fromMs + HOUR_MS);
    this.#lookedUntilMs = this.#nextMs;
  }

  figures(): UnreconciledFigures {
    const charges = Object.fromEntries(DIFFERENCES.map((verdict) => [verdict, 0])) as Record<Difference, number>;
    let [nanos, problems] = [0n, 0];
    for (const hour of this.#open.values()) {
      nanos += hour.unreconciledNanos;
      problems += hour.problems;
      for (const verdict of DIFFERENCES) charges[verdict] += hour.verdicts[verdict] ?? 0;
    }
    return { nanos, charges, problems, untilMs: this.#lookedUntilMs };
  }
}
