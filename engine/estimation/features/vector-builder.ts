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
      this.#write(feature, sheet, rows, at + feature);
      const value = rows[at + feature]!;
      rows[at + feature] = Number.isNaN(value)
        ? this.#defaults[feature]!
        : Math.min(this.#maxima[feature]!, Math.max(this.#minima[feature]!, value));
    }
  }

  /**
   * Writes instead of returning, and calls nothing with a number that is not whole: what a function that is not inlined
   * takes or returns goes on the heap. A length of 0 or less is one that is not known.
   */
  #write(feature: number, sheet: FactSheet, out: Float64Array, at: number): void {
    const { categories, numbers, segments, segmentCount } = sheet;
    const first = this.#firsts[feature]!;
    const second = this.#seconds[feature]!;
    const scale = this.#scales[feature]!;
    switch (this.#ops[feature]) {
      case OP.number:
        out[at] = numbers[first]!;
        break;
      case OP.ln1p:
        out[at] = Math.log1p(numbers[first]!);
        break;
      case OP.sin:
        out[at] = Math.sin((numbers[first]! / scale) * 2 * Math.PI);
        break;
      case OP.cos:
        out[at] = Math.cos((numbers[first]! / scale) * 2 * Math.PI);
        break;
      case OP.hashed:
        out[at] = categories[first] === MISSING ? Number.NaN : (categories[first]! >>> 0) % scale;
        break;
      case OP.member:
        out[at] = 0;
        for (let index = 0; index < segmentCount; index++) {
          if ((segments[index]! >>> 0) % scale === first) out[at] = 1;
        }
        break;
      case OP.rate:
      case OP.evidence:
        this.#writeRate(feature, categories, out, at);
        break;
      case OP.segmentMean:
      case OP.segmentGreatest:
        this.#writeSegmentRate(feature, sheet, out, at);
        break;
      case OP.area:
        out[at] =
          numbers[first]! > 0 && numbers[second]! > 0 ? Math.log(numbers[first]! * numbers[second]!) : Number.NaN;
        break;
      case OP.ratio:
        out[at] =
          numbers[first]! > 0 && numbers[second]! > 0 ? Math.log(numbers[first]! / numbers[second]!) : Number.NaN;
        break;
      default: {
        const isKnown = categories[first] !== MISSING && categories[second] !== MISSING;
        out[at] = isKnown ? Number(categories[first] === categories[second]) : Number.NaN;
      }
    }
  }

  #writeRate(feature: number, categories: Int32Array, out: Float64Array, at: number): void {
    const start = this.#keyStarts[feature]!;
    let key = categories[this.#keyFacts[start]!]!;
    for (let index = start + 1; index < this.#keyStarts[feature + 1]!; index++) {
      key = hashPair(key, categories[this.#keyFacts[index]!]!);
    }
    const table = this.#tables[feature]!;
    if (key === MISSING) out[at] = Number.NaN;
    else out[at] = (this.#ops[feature] === OP.rate ? table.lifts : table.evidences)[table.placeOf(key)]!;
  }

  #writeSegmentRate(
    feature: number,
    { categories, segments, segmentCount }: FactSheet,
    out: Float64Array,
    at: number,
  ): void {
    const start = this.#keyStarts[feature]!;
    const hasFact = start < this.#keyStarts[feature + 1]!;
    const fact = hasFact ? categories[this.#keyFacts[start]!]! : MISSING;
    out[at] = Number.NaN;
    if (segmentCount === 0 || (hasFact && fact === MISSING)) return;
    const table = this.#tables[feature]!;
    let sum = 0;
    let greatest = Number.NEGATIVE_INFINITY;
    for (let index = 0; index < segmentCount; index++) {
      const lift = table.lifts[table.placeOf(hasFact ? hashPair(fact, segments[index]!) : segments[index]!)]!;
      sum += lift;
      if (lift > greatest) greatest = lift;
    }
    out[at] = this.#ops[feature] === OP.segmentMean ? sum / segmentCount : greatest;
  }
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
