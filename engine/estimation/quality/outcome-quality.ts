/**
 * How good estimates were, over the latest outcomes: AUC, log-loss and calibration ratio, for each model version and
 * experiment arm apart. Bounded: a ring of outcomes for each of at most `linesMax` lines, the one unused longest replaced.
 */
export interface QualityOptions {
  /** Outcomes that a figure looks back on. Over 10,000 impressions with 1% clicks the AUC has an error of about 0.03. */
  readonly windowCount: number;
  readonly linesMax: number;
}

export const QUALITY_DEFAULTS: QualityOptions = { windowCount: 20_000, linesMax: 32 };

export interface QualityFigures {
  readonly count: number;
  readonly positives: number;
  /** Null without a positive and a negative. */
  readonly auc: number | null;
  /** Mean, nats. */
  readonly logLoss: number | null;
  /** Predicted by actual clicks; null without a click. */
  readonly calibrationRatio: number | null;
}

export class OutcomeQuality {
  readonly #options: QualityOptions;
  /** Least recently used first. */
  readonly #lines = new Map<string, OutcomeRing>();

  constructor(options: QualityOptions = QUALITY_DEFAULTS) {
    this.#options = options;
  }

  /** `estimate` is within (0, 1); others are left out. `line` names version and arm: see `lineOf`. */
  record(line: string, estimate: number, isPositive: boolean): void {
    if (!(estimate > 0 && estimate < 1)) return;
    const ring = this.#lines.get(line) ?? new OutcomeRing(this.#options.windowCount);
    this.#lines.delete(line);
    if (this.#lines.size >= this.#options.linesMax) this.#lines.delete(this.#lines.keys().next().value!);
    this.#lines.set(line, ring);
    ring.push(estimate, isPositive);
  }

  lines(): readonly string[] {
    return [...this.#lines.keys()];
  }

  /** Sorts the window: for a metric that is read every few seconds, not for a request. */
  figures(line: string): QualityFigures {
    return this.#lines.get(line)?.figures() ?? NO_FIGURES;
  }
}

/** `v12/arm-a`: a label of metrics. */
export function lineOf(modelVersion: string, arm: string): string {
  return `${modelVersion}/${arm}`;
}

const NO_FIGURES: QualityFigures = { count: 0, positives: 0, auc: null, logLoss: null, calibrationRatio: null };

class OutcomeRing {
  readonly #estimates: Float64Array;
  readonly #positives: Uint8Array;
  #count = 0;
  #next = 0;

  constructor(capacity: number) {
    this.#estimates = new Float64Array(capacity);
    this.#positives = new Uint8Array(capacity);
  }

  push(estimate: number, isPositive: boolean): void {
    this.#estimates[this.#next] = estimate;
    this.#positives[this.#next] = isPositive ? 1 : 0;
    this.#next = (this.#next + 1) % this.#estimates.length;
    this.#count = Math.min(this.#count + 1, this.#estimates.length);
  }

  figures(): QualityFigures {
    let positives = 0;
    let predicted = 0;
    let loss = 0;
    for (let index = 0; index < this.#count; index++) {
      const estimate = this.#estimates[index]!;
      const isPositive = this.#positives[index] === 1;
      positives += Number(isPositive);
      predicted += estimate;
      loss -= Math.log(isPositive ? estimate : 1 - estimate);
    }
    return {
      count: this.#count,
      positives,
      auc: this.#auc(positives),
      logLoss: this.#count === 0 ? null : loss / this.#count,
      calibrationRatio: positives === 0 ? null : predicted / positives,
    };
  }

  /** Share of pairs of a click and none of which the click was estimated higher; ties count half (Mann-Whitney). */
  #auc(positives: number): number | null {
    const negatives = this.#count - positives;
    if (positives === 0 || negatives === 0) return null;
    const order = Uint32Array.from({ length: this.#count }, (_, index) => index);
    order.sort((a, b) => this.#estimates[a]! - this.#estimates[b]!);
    let pairs = 0;
    let negativesBelow = 0;
    for (let from = 0; from < order.length; ) {
      let to = from;
      let tiedPositives = 0;
      while (to < order.length && this.#estimates[order[to]!] === this.#estimates[order[from]!]) {
        tiedPositives += this.#positives[order[to]!]!;
        to += 1;
      }
      const tiedNegatives = to - from - tiedPositives;
      pairs += tiedPositives * (negativesBelow + tiedNegatives / 2);
      negativesBelow += tiedNegatives;
      from = to;
    }
    return pairs / (positives * negatives);
  }
}
