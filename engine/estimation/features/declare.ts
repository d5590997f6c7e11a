/** Short forms in which the groups of features are declared. Ranges and defaults that a type always has are given here. */
import type { CategoryFact, NumberFact } from './facts.ts';
import type { Feature, FeatureGroup, FeatureRule, RateKey } from './feature.ts';

/** Lifts beyond e^8, three thousand times the average odds, come from too little data to be believed. */
const LIFT_MAX = 8;
/** ln(1 + 5 billion impressions). */
const EVIDENCE_MAX = 23;
/** ln of a ratio or an area: e^16 is beyond any screen. */
const LOG_MAX = 16;

type Undecorated = Omit<Feature, 'group' | 'name' | keyof FeatureRule> & FeatureRule;

export class FeatureGroupDeclaration {
  readonly features: Feature[] = [];
  readonly #group: FeatureGroup;

  constructor(group: FeatureGroup) {
    this.#group = group;
  }

  numeric(name: string, source: NumberFact, minimum: number, maximum: number): this {
    return this.#add(name, { type: 'numeric', source, scale: 'linear', range: [minimum, maximum], default: null });
  }

  /** `maximum` is of the feature, after the logarithm. */
  logarithmic(name: string, source: NumberFact, maximum: number): this {
    return this.#add(name, { type: 'numeric', source, scale: 'ln1p', range: [0, maximum], default: null });
  }

  code(name: string, source: NumberFact, maximum: number): this {
    return this.#add(name, { type: 'code', source, range: [0, maximum], default: null });
  }

  flag(name: string, source: NumberFact): this {
    return this.#add(name, { type: 'flag', source, range: [0, 1], default: null });
  }

  cycle(name: string, source: NumberFact, period: number): this {
    for (const wave of ['sin', 'cos'] as const) {
      this.#add(`${name}_${wave}`, { type: 'cyclic', source, period, wave, range: [-1, 1], default: null });
    }
    return this;
  }

  hashed(name: string, source: CategoryFact, buckets: number): this {
    return this.#add(name, { type: 'hashed', source, buckets, range: [0, buckets - 1], default: null });
  }

  members(name: string, buckets: number): this {
    for (let bucket = 0; bucket < buckets; bucket++) {
      const rule = { type: 'member', source: 'segments', buckets, bucket } as const;
      this.#add(`${name}_${bucket}`, { ...rule, range: [0, 1], default: 0 });
    }
    return this;
  }

  /** Rates of several keys, each named by its facts: `rate.advertiser*os`. */
  rates(...keys: RateKey[]): this {
    for (const source of keys) {
      this.#add(`rate.${rateKeyName(source)}`, {
        type: 'rate',
        source,
        range: [-LIFT_MAX, LIFT_MAX],
        default: null,
      });
    }
    return this;
  }

  /** Mean and greatest rate over the user's segments, alone or each together with a fact. */
  segmentRates(fact?: CategoryFact): this {
    const source: RateKey = fact === undefined ? ['segment'] : [fact, 'segment'];
    for (const over of ['mean', 'greatest'] as const) {
      const rule = { type: 'rate', source, over } as const;
      this.#add(`rate.${rateKeyName(source)}.${over}`, { ...rule, range: [-LIFT_MAX, LIFT_MAX], default: null });
    }
    return this;
  }

  evidence(...keys: RateKey[]): this {
    for (const source of keys) {
      this.#add(`evidence.${rateKeyName(source)}`, {
        type: 'evidence',
        source,
        range: [0, EVIDENCE_MAX],
        default: null,
      });
    }
    return this;
  }

  area(name: string, ...source: [NumberFact, NumberFact]): this {
    return this.#add(name, { type: 'area', source, range: [0, LOG_MAX], default: null });
  }

  ratio(name: string, ...source: [NumberFact, NumberFact]): this {
    return this.#add(name, { type: 'ratio', source, range: [-LOG_MAX, LOG_MAX], default: null });
  }

  same(name: string, ...source: [CategoryFact, CategoryFact]): this {
    return this.#add(name, { type: 'same', source, range: [0, 1], default: null });
  }

  #add(name: string, rest: Undecorated): this {
    this.features.push({ name: `${this.#group}.${name}`, group: this.#group, ...rest });
    return this;
  }
}

/** How a table is called in `rates.json`. */
export function rateKeyName(key: RateKey): string {
  return key.join('*');
}
