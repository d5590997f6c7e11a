/**
 * How good estimates were, over the latest outcomes: AUC, log-loss and calibration ratio, for each model version and arm
 * apart. Bounded: a ring of outcomes for each of at most `linesMax` lines, the one unused longest replaced. Sums and a
 * histogram follow the ring, so that figures cost the same however many outcomes they look back on: they are read on
 * the loop that runs auctions.
 */
export interface QualityOptions {
  /** Outcomes that a figure looks back on. Over 10,000 impressions with 1% clicks the AUC has an error of about 0.03. */
  readonly windowCount: number;
  readonly linesMax: number;
}

/** Whose estimates are compared with what happened. */
export interface QualityLine {
  /** Of the model, or `fallback` or `prior` where none had a say. */
  readonly version: string;
  readonly arm: string;
}

export interface QualityFigures {
  readonly count: number;
  readonly positives: number;
  /** Sum of the estimates. */
  readonly predicted: number;
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
  readonly #rings = new Map<string, { readonly line: QualityLine; readonly ring: OutcomeRing }>();

  constructor(options: QualityOptions) {
    this.#options = options;
  }

  /** `estimate` is within (0, 1); others are left out. */
  record(line: QualityLine, estimate: number, isPositive: boolean): void {
    if (!(estimate > 0 && estimate < 1)) return;
    const key = keyOf(line);
    const known = this.#rings.get(key) ?? { line, ring: new OutcomeRing(this.#options.windowCount) };
    this.#rings.delete(key);
    if (this.#rings.size >= this.#options.linesMax) this.#rings.delete(this.#rings.keys().next().value!);
    this.#rings.set(key, known);
    known.ring.push(estimate, isPositive);
  }

  /** The one used last at the end. */
  lines(): readonly (QualityLine & QualityFigures)[] {
    return [...this.#rings.values()].map(({ line, ring }) => ({ ...line, ...ring.figures() }));
  }

  figures(line: QualityLine): QualityFigures {
    return this.#rings.get(keyOf(line))?.ring.figures() ?? NO_FIGURES;
  }
}

function keyOf({ version, arm }: QualityLine): string {
  return `${version}/${arm}`;
}

const NO_FIGURES: QualityFigures = {
  count: 0,
  positives: 0,
  predicted: 0,
  auc: null,
  logLoss: null,
  calibrationRatio: null,
};

/** Of equal width in log-odds: estimates of one bin differ by less than 1% and count as tied. */
const BINS_PER_UNIT = 128;
const LOG_ODDS_MAX = 16;
const BIN_COUNT = 2 * LOG_ODDS_MAX * BINS_PER_UNIT;

class OutcomeRing {
  readonly #capacity: number;
  #estimates = new Float64Array(0);
  #isPositive = new Uint8Array(0);
  /** By bin. */
  readonly #positives = new Uint32Array(BIN_COUNT);
  readonly #negatives = new Uint32Array(BIN_COUNT);
  #count = 0;
  #next = 0;
  #positiveCount = 0;
  /** What is taken out is what was put in, so the sums keep the rounding of single additions only. */
  #predicted = 0;
  #loss = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  push(estimate: number, isPositive: boolean): void {
    if (this.#count === this.#estimates.length && this.#count < this.#capacity) this.#grow();
    const at = this.#next;
    if (this.#count === this.#capacity) this.#add(this.#estimates[at]!, this.#isPositive[at] === 1, -1);
    this.#estimates[at] = estimate;
    this.#isPositive[at] = isPositive ? 1 : 0;
    this.#add(estimate, isPositive, 1);
    this.#next = (at + 1) % this.#capacity;
  }

  /** Until it is as long as it may be, it has not gone round. */
  #grow(): void {
    const length = Math.min(this.#capacity, Math.max(1024, this.#count * 2));
    const [estimates, isPositive] = [this.#estimates, this.#isPositive];
    this.#estimates = new Float64Array(length);
    this.#isPositive = new Uint8Array(length);
    this.#estimates.set(estimates);
    this.#isPositive.set(isPositive);
  }

  #add(estimate: number, isPositive: boolean, sign: 1 | -1): void {
    const bins = isPositive ? this.#positives : this.#negatives;
    bins[binOf(estimate)]! += sign;
    this.#count += sign;
    if (isPositive) this.#positiveCount += sign;
    this.#predicted += sign * estimate;
    this.#loss -= sign * Math.log(isPositive ? estimate : 1 - estimate);
  }

  figures(): QualityFigures {
    return {
      count: this.#count,
      positives: this.#positiveCount,
      predicted: this.#predicted,
      auc: this.#auc(),
      logLoss: this.#count === 0 ? null : this.#loss / this.#count,
      calibrationRatio: this.#positiveCount === 0 ? null : this.#predicted / this.#positiveCount,
    };
  }

  /** Share of pairs of a click and none of which the click was estimated higher; ties count half (Mann-Whitney). */
  #auc(): number | null {
    const negativeCount = this.#count - this.#positiveCount;
    if (this.#positiveCount === 0 || negativeCount === 0) return null;
    let pairs = 0;
    let negativesBelow = 0;
    for (let bin = 0; bin < BIN_COUNT; bin++) {
      const negatives = this.#negatives[bin]!;
      pairs += this.#positives[bin]! * (negativesBelow + negatives / 2);
      negativesBelow += negatives;
    }
    return pairs / (this.#positiveCount * negativeCount);
  }
}

function binOf(estimate: number): number {
  const bin = Math.floor((Math.log(estimate / (1 - estimate)) + LOG_ODDS_MAX) * BINS_PER_UNIT);
  return Math.min(BIN_COUNT - 1, Math.max(0, bin));
}
