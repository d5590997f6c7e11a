/**
 * Whether rows for training look made up: judged by source group (a placement, an app, a publisher), one period after the
 * other. What is suspect goes into quarantine and not into training; its rate does not enter the history that later
 * periods are compared with, or an attacker could raise the bar slowly.
 */
export interface PoisoningOptions {
  /** Above the mean of its history, in standard deviations: of that history, and of chance. */
  readonly sigmasMax: number;
  /** Bits; below, clicks come from too few sources. */
  readonly sourceEntropyMin: number;
  /** Deviation by mean of the gaps between clicks; below, a clock makes them. Of random arrivals it is 1. */
  readonly gapVariationMin: number;
  /** Periods of history before a rate is judged, and how many are kept. */
  readonly historyMin: number;
  readonly historyMax: number;
  /** Clicks of a period before sources and gaps are judged: four sources give no more than 2 bits anyway. */
  readonly clicksMin: number;
  readonly groupsMax: number;
}

export const POISONING_DEFAULTS: PoisoningOptions = {
  sigmasMax: 3,
  sourceEntropyMin: 2,
  gapVariationMin: 0.1,
  historyMin: 8,
  historyMax: 64,
  clicksMin: 20,
  groupsMax: 10_000,
};

/** Training rows of one group in one period. */
export interface TrainingPeriod {
  readonly impressions: number;
  /** When each click came, ms, in any order. */
  readonly clickTimesMs: readonly number[];
  /** Clicks by source: network, device model, whatever tells clickers apart without naming them. Those without any are left out. */
  readonly clicksBySource: ReadonlyMap<string, number>;
}

export type PoisoningSign = 'rate' | 'source-entropy' | 'uniform-intervals';

export class PoisoningCheck {
  readonly #options: PoisoningOptions;
  /** Click rates of good periods by group; least recently judged first. */
  readonly #histories = new Map<string, number[]>();

  constructor(options: PoisoningOptions = POISONING_DEFAULTS) {
    this.#options = options;
  }

  /** Gives the signs that the period is made up; with any of them its rows belong in quarantine. */
  judge(group: string, period: TrainingPeriod): readonly PoisoningSign[] {
    const history = this.#historyOf(group);
    const signs: PoisoningSign[] = [];
    const clicks = period.clickTimesMs.length;
    if (this.#isRateSuspect(history, clicks, period.impressions)) signs.push('rate');
    if (this.#areSourcesSuspect(period.clicksBySource)) signs.push('source-entropy');
    if (clicks >= this.#options.clicksMin) {
      if (gapVariation(period.clickTimesMs) < this.#options.gapVariationMin) signs.push('uniform-intervals');
    }
    if (signs.length === 0 && period.impressions > 0) {
      history.push(clicks / period.impressions);
      if (history.length > this.#options.historyMax) history.shift();
    }
    return signs;
  }

  #historyOf(group: string): number[] {
    const history = this.#histories.get(group) ?? [];
    this.#histories.delete(group);
    if (this.#histories.size >= this.#options.groupsMax) this.#histories.delete(this.#histories.keys().next().value!);
    this.#histories.set(group, history);
    return history;
  }

  #areSourcesSuspect(clicksBySource: TrainingPeriod['clicksBySource']): boolean {
    let clicks = 0;
    for (const count of clicksBySource.values()) clicks += count;
    return clicks >= this.#options.clicksMin && entropyBits(clicksBySource) < this.#options.sourceEntropyMin;
  }

  /** Above what its history varies by, and above what chance gives for so few clicks as were expected. */
  #isRateSuspect(history: readonly number[], clicks: number, impressions: number): boolean {
    if (clicks > impressions) return true;
    if (history.length < this.#options.historyMin) return false;
    const { sigmasMax } = this.#options;
    const mean = history.reduce((sum, rate) => sum + rate, 0) / history.length;
    const variance = history.reduce((sum, rate) => sum + (rate - mean) ** 2, 0) / (history.length - 1);
    return (
      clicks / impressions > mean + sigmasMax * Math.sqrt(variance) &&
      chanceDeviations(clicks, mean * impressions) > sigmasMax
    );
  }
}

/** Anscombe's transform: of a count that is Poisson around `expected`, in standard deviations, also where both are small. */
function chanceDeviations(count: number, expected: number): number {
  return 2 * (Math.sqrt(count + 3 / 8) - Math.sqrt(expected + 3 / 8));
}

/** Shannon's, of the shares of the counts. */
export function entropyBits(counts: ReadonlyMap<string, number>): number {
  let total = 0;
  for (const count of counts.values()) total += count;
  let bits = 0;
  for (const count of counts.values()) if (count > 0) bits -= (count / total) * Math.log2(count / total);
  return bits;
}

/** Standard deviation of the gaps by their mean; 0 when all came at once. */
export function gapVariation(timesMs: readonly number[]): number {
  const sorted = timesMs.toSorted((a, b) => a - b);
  const gaps = sorted.slice(1).map((atMs, index) => atMs - sorted[index]!);
  if (gaps.length === 0) return Number.POSITIVE_INFINITY;
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  if (mean === 0) return 0;
  return Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length) / mean;
}
