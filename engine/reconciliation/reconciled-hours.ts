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
  /** All hours that end by then were looked at, epoch ms; null: none was. */
  readonly untilMs: number | null;
}

type HourResult = Pick<ChargeReconciliation, 'fromMs' | 'verdicts' | 'unreconciledNanos'> & {
  readonly problems: number;
};

interface OpenHour {
  /** Null: it was never looked at, or could not be. */
  result: HourResult | null;
  nextLookMs: number;
  pauseMs: number;
}

/**
 * Between two looks at the same hour, ms, doubled each time: what differs for good is looked for in the whole archive and
 * all books, and a day of such hours must not keep whoever bills busy.
 */
const PAUSE_MS = { first: 30_000, longest: 900_000 } as const;

export class ReconciledHours {
  readonly #options: ReconciledHoursOptions;
  /** By start, oldest first: those that were not looked at yet, and those in which something differs, or waits. */
  readonly #open = new Map<number, OpenHour>();
  /** The first that was never due. */
  #nextMs: number | null = null;
  #isLookedAt = false;

  constructor(options: ReconciledHoursOptions) {
    this.#options = options;
  }

  /** Starts of the hours to look at now, oldest first. One that is not recorded comes again, later each time. */
  due(nowMs: number): number[] {
    const { afterMs, hoursBack, keptMs } = this.#options;
    const endMs = Math.floor((nowMs - afterMs) / HOUR_MS) * HOUR_MS;
    this.#nextMs ??= endMs - hoursBack * HOUR_MS;
    for (; this.#nextMs < endMs; this.#nextMs += HOUR_MS) {
      this.#open.set(this.#nextMs, { result: null, nextLookMs: nowMs, pauseMs: PAUSE_MS.first });
    }
    const hours: number[] = [];
    for (const [startMs, hour] of this.#open) {
      if (startMs < nowMs - keptMs) this.#open.delete(startMs);
      else if (hour.nextLookMs <= nowMs) {
        hours.push(startMs);
        hour.nextLookMs = nowMs + hour.pauseMs;
        hour.pauseMs = Math.min(2 * hour.pauseMs, PAUSE_MS.longest);
      }
    }
    return hours;
  }

  /** Of one that was due. */
  record(result: HourResult): void {
    const { fromMs, verdicts, problems } = result;
    this.#isLookedAt = true;
    const isOpen = problems > 0 || differenceCount(result) > 0 || (verdicts.pending ?? 0) > 0;
    const hour = this.#open.get(fromMs);
    if (!isOpen) this.#open.delete(fromMs);
    else if (hour !== undefined) hour.result = result;
  }

  figures(): UnreconciledFigures {
    const charges = Object.fromEntries(DIFFERENCES.map((verdict) => [verdict, 0])) as Record<Difference, number>;
    let [nanos, problems] = [0n, 0];
    for (const { result } of this.#open.values()) {
      if (result === null) continue;
      nanos += result.unreconciledNanos;
      problems += result.problems;
      for (const verdict of DIFFERENCES) charges[verdict] += result.verdicts[verdict] ?? 0;
    }
    return { nanos, charges, problems, untilMs: this.#isLookedAt ? this.#firstUnseen() : null };
  }

  #firstUnseen(): number | null {
    for (const [startMs, { result }] of this.#open) if (result === null) return startMs;
    return this.#nextMs;
  }
}
