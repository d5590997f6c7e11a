/**
 * From facts to rows of features. The schema is compiled to flat lists of numbers once; building a row then reads and
 * writes typed arrays only, so it leaves no garbage.
 */
import { rateKeyName } from './declare.ts';
import { CATEGORY, type FactSheet, NUMBER } from './facts.ts';
import type { Feature, RateKey } from './feature.ts';
import { hashPair, MISSING } from './hash.ts';
import type { RateTable } from './rate-table.ts';
import type { RateTables } from './rate-tables.ts';
import { FEATURE_COUNT, FEATURES, GROUP_SIZES } from './schema.ts';

const OP = {
  number: 0,
  ln1p: 1,
  sin: 2,
  cos: 3,
  hashed: 4,
  member: 5,
  rate: 6,
  evidence: 7,
  segmentMean: 8,
  segmentGreatest: 9,
  area: 10,
  ratio: 11,
  same: 12,
} as const;

const CONTEXT_AT = GROUP_SIZES.user + GROUP_SIZES.ad;
const CROSS_AT = CONTEXT_AT + GROUP_SIZES.context;

/** What one feature does: operands are places of facts, `scale` is a period or a number of buckets. */
interface Instruction {
  readonly op: number;
  readonly first?: number;
  readonly second?: number;
  readonly scale?: number;
  readonly key?: RateKey;
}

/**
 * One per process and model; used again for each request: `startImp` once the facts of the user and the placement are on
 * the sheet, then `fill` for each ad.
 */
export class VectorBuilder {
  readonly #ops = new Uint8Array(FEATURE_COUNT);
  readonly #firsts = new Uint16Array(FEATURE_COUNT);
  readonly #seconds = new Uint16Array(FEATURE_COUNT);
  readonly #scales = new Float64Array(FEATURE_COUNT);
  readonly #minima = new Float64Array(FEATURE_COUNT);
  readonly #maxima = new Float64Array(FEATURE_COUNT);
  readonly #defaults = new Float64Array(FEATURE_COUNT);
  /** Facts of the keys of rates, one feature's after the other's. */
  readonly #keyFacts: Uint16Array;
  readonly #keyStarts = new Uint16Array(FEATURE_COUNT + 1);
  readonly #tables: (RateTable | null)[] = [];
  /** The user and context part of the imp's rows, at their places. */
  readonly #ofImp = new Float64Array(FEATURE_COUNT);

  constructor(tables: RateTables) {
    const keyFacts: number[] = [];
    FEATURES.forEach((feature, at) => {
      const { op, first = 0, second = 0, scale = 0, key } = compile(feature);
      this.#ops[at] = op;
      this.#firsts[at] = first;
      this.#seconds[at] = second;
      this.#scales[at] = scale;
      this.#minima[at] = feature.range[0];
      this.#maxima[at] = feature.range[1];
      this.#defaults[at] = feature.default ?? Number.NaN;
      this.#tables.push(key === undefined ? null : tableOf(tables, key));
      for (const fact of key ?? []) if (fact !== 'segment') keyFacts.push(CATEGORY[fact]);
      this.#keyStarts[at + 1] = keyFacts.length;
    });
    this.#keyFacts = Uint16Array.from(keyFacts);
  }

  /** Takes what the rows of all ads for this imp have in common. */
  startImp(sheet: FactSheet): void {
    this.#build(sheet, this.#ofImp, 0, 0, GROUP_SIZES.user);
    this.#build(sheet, this.#ofImp, 0, CONTEXT_AT, CROSS_AT);
  }

  /** Writes the row of the ad on the sheet as the `row`-th of `rows`. */
  fill(sheet: FactSheet, rows: Float64Array, row: number): void {
    const at = row * FEATURE_COUNT;
    for (let feature = 0; feature < GROUP_SIZES.user; feature++) rows[at + feature] = this.#ofImp[feature]!;
    for (let feature = CONTEXT_AT; feature < CROSS_AT; feature++) rows[at + feature] = this.#ofImp[feature]!;
    this.#build(sheet, rows, at, GROUP_SIZES.user, CONTEXT_AT);
    this.#build(sheet, rows, at, CROSS_AT, FEATURE_COUNT);
  }

  #build(sheet: FactSheet, rows: Float64Array, at: number, start: number, end: number): void {
    for (let feature = start; feature < end; feature++) {
      const value = this.#valueOf(feature, sheet);
      // NaN passes: no comparison with it is true.
      rows[at + feature] = Number.isNaN(value)
        ? this.#defaults[feature]!
        : Math.min(this.#maxima[feature]!, Math.max(this.#minima[feature]!, value));
    }
  }

  #valueOf(feature: number, { categories, numbers, segments, segmentCount }: FactSheet): number {
    const first = this.#firsts[feature]!;
    const second = this.#seconds[feature]!;
    switch (this.#ops[feature]) {
      case OP.number:
        return numbers[first]!;
      case OP.ln1p:
        return Math.log1p(numbers[first]!);
      case OP.sin:
        return Math.sin((numbers[first]! / this.#scales[feature]!) * 2 * Math.PI);
      case OP.cos:
        return Math.cos((numbers[first]! / this.#scales[feature]!) * 2 * Math.PI);
      case OP.hashed:
        return categories[first] === MISSING ? Number.NaN : categories[first]! % this.#scales[feature]!;
      case OP.member:
        for (let index = 0; index < segmentCount; index++) {
          if (segments[index]! % this.#scales[feature]! === first) return 1;
        }
        return 0;
      case OP.rate:
      case OP.evidence:
        return this.#rate(feature, categories);
      case OP.segmentMean:
      case OP.segmentGreatest:
        return this.#segmentRate(feature, categories, segments, segmentCount);
      case OP.area:
        return Math.log(positive(numbers[first]!) * positive(numbers[second]!));
      case OP.ratio:
        return Math.log(positive(numbers[first]!) / positive(numbers[second]!));
      default:
        if (categories[first] === MISSING || categories[second] === MISSING) return Number.NaN;
        return categories[first] === categories[second] ? 1 : 0;
    }
  }

  #rate(feature: number, categories: Uint32Array): number {
    const start = this.#keyStarts[feature]!;
    let key = categories[this.#keyFacts[start]!]!;
    for (let index = start + 1; index < this.#keyStarts[feature + 1]!; index++) {
      key = hashPair(key, categories[this.#keyFacts[index]!]!);
    }
    if (key === MISSING) return Number.NaN;
    const table = this.#tables[feature]!;
    return this.#ops[feature] === OP.rate ? table.lift(key) : table.evidence(key);
  }

  #segmentRate(feature: number, categories: Uint32Array, segments: Uint32Array, segmentCount: number): number {
    const start = this.#keyStarts[feature]!;
    const hasFact = start < this.#keyStarts[feature + 1]!;
    const fact = hasFact ? categories[this.#keyFacts[start]!]! : MISSING;
    if (segmentCount === 0 || (hasFact && fact === MISSING)) return Number.NaN;
    const table = this.#tables[feature]!;
    let sum = 0;
    let greatest = Number.NEGATIVE_INFINITY;
    for (let index = 0; index < segmentCount; index++) {
      const lift = table.lift(hasFact ? hashPair(fact, segments[index]!) : segments[index]!);
      sum += lift;
      if (lift > greatest) greatest = lift;
    }
    return this.#ops[feature] === OP.segmentMean ? sum / segmentCount : greatest;
  }
}

/** A length of 0 or less is one that is not known. */
function positive(length: number): number {
  return length > 0 ? length : Number.NaN;
}

function tableOf(tables: RateTables, key: RateKey): RateTable {
  const table = tables.get(rateKeyName(key));
  if (table === undefined) throw new RangeError(`there is no rate table ${rateKeyName(key)}`);
  return table;
}

function compile(feature: Feature): Instruction {
  switch (feature.type) {
    case 'numeric':
      return { op: feature.scale === 'ln1p' ? OP.ln1p : OP.number, first: NUMBER[feature.source] };
    case 'code':
    case 'flag':
      return { op: OP.number, first: NUMBER[feature.source] };
    case 'cyclic':
      return { op: OP[feature.wave], first: NUMBER[feature.source], scale: feature.period };
    case 'hashed':
      return { op: OP.hashed, first: CATEGORY[feature.source], scale: feature.buckets };
    case 'member':
      return { op: OP.member, first: feature.bucket, scale: feature.buckets };
    case 'rate':
      return { op: rateOp(feature.over), key: feature.source };
    case 'evidence':
      return { op: OP.evidence, key: feature.source };
    case 'area':
    case 'ratio':
      return { op: OP[feature.type], first: NUMBER[feature.source[0]], second: NUMBER[feature.source[1]] };
    case 'same':
      return { op: OP.same, first: CATEGORY[feature.source[0]], second: CATEGORY[feature.source[1]] };
  }
}

function rateOp(over: 'mean' | 'greatest' | undefined): number {
  if (over === undefined) return OP.rate;
  return over === 'mean' ? OP.segmentMean : OP.segmentGreatest;
}
