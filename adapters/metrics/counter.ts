import {
  type Aggregator,
  type ExposedMetric,
  formatLabels,
  type Labels,
  type MetricSnapshot,
  type Sample,
} from './exposition.ts';

/** One series, resolved once; adding to it costs a field increment. */
export class CounterCell {
  value = 0;

  add(count = 1): void {
    this.value += count;
  }
}

/** All series of one counter. */
export class Counter implements ExposedMetric {
  readonly name: string;
  readonly help: string;
  readonly #aggregator: Aggregator;
  #read: (() => number) | null = null;
  readonly #cells = new Map<string, { readonly labels: Labels; readonly cell: CounterCell }>();

  /** `aggregator`: `max` where each process counts the same things. */
  constructor(name: string, help: string, aggregator: Aggregator = 'sum') {
    this.name = name;
    this.help = help;
    this.#aggregator = aggregator;
  }

  /** The series with these labels, made when it is new. Resolve it at start, not on the hot path. */
  cell(labels: Labels = {}): CounterCell {
    const key = formatLabels(labels);
    const known = this.#cells.get(key);
    if (known !== undefined) return known.cell;
    const cell = new CounterCell();
    this.#cells.set(key, { labels, cell });
    return cell;
  }

  /** Its only series is counted elsewhere. */
  readFrom(read: () => number): void {
    this.#read = read;
  }

  async get(): Promise<MetricSnapshot> {
    if (this.#read !== null) this.cell().value = this.#read();
    const values: Sample[] = [];
    for (const { labels, cell } of this.#cells.values()) values.push({ labels, value: cell.value });
    return { name: this.name, help: this.help, type: 'counter', aggregator: this.#aggregator, values };
  }
}

/** One series for each value of a label whose values are all known. */
export function cellsBy<Value extends string>(
  counter: Counter,
  label: string,
  values: readonly Value[],
  fixed: Labels = {},
): Readonly<Record<Value, CounterCell>> {
  const cells = values.map((value) => [value, counter.cell({ ...fixed, [label]: value })]);
  return Object.fromEntries(cells) as Record<Value, CounterCell>;
}

/** Where values go that come after `valuesMax` others. */
export const OTHER_LABEL = 'other';

/**
 * The series of a counter along one label whose values are known late (reasons, codes). The first `valuesMax` values get
 * a series each, later ones share `other`: nothing a partner sends can grow the metric without bound.
 */
export class CountersByLabel {
  readonly #counter: Counter;
  readonly #label: string;
  readonly #fixed: Labels;
  readonly #valuesMax: number;
  readonly #cells = new Map<string, CounterCell>();

  constructor(
    counter: Counter,
    options: { readonly label: string; readonly valuesMax: number; readonly fixed?: Labels },
  ) {
    this.#counter = counter;
    this.#label = options.label;
    this.#valuesMax = options.valuesMax;
    this.#fixed = options.fixed ?? {};
  }

  add(value: string, count = 1): void {
    (this.#cells.get(value) ?? this.#open(value)).add(count);
  }

  #open(value: string): CounterCell {
    if (this.#cells.size >= this.#valuesMax) return this.#counter.cell({ ...this.#fixed, [this.#label]: OTHER_LABEL });
    const cell = this.#counter.cell({ ...this.#fixed, [this.#label]: value });
    this.#cells.set(value, cell);
    return cell;
  }
}
