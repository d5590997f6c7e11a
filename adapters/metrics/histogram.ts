import { type ExposedMetric, formatLabels, type Labels, type MetricSnapshot, type Sample } from './exposition.ts';

/** One series; observing is a walk over a few bounds and two additions. */
export class HistogramCell {
  readonly #bounds: Float64Array;
  /** By bucket, not cumulative; the last is above every bound. */
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(bounds: Float64Array) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    // Not a number would poison the sum for the life of the process.
    if (!Number.isFinite(value)) return;
    const bounds = this.#bounds;
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]!) bucket += 1;
    this.#counts[bucket]! += 1;
    this.#sum += value;
  }

  samples(name: string, labels: Labels): Sample[] {
    const samples: Sample[] = [];
    let cumulative = 0;
    for (let bucket = 0; bucket < this.#counts.length; bucket += 1) {
      cumulative += this.#counts[bucket]!;
      const le = this.#bounds[bucket] ?? '+Inf';
      samples.push({ metricName: `${name}_bucket`, labels: { ...labels, le }, value: cumulative });
    }
    samples.push({ metricName: `${name}_sum`, labels, value: this.#sum });
    samples.push({ metricName: `${name}_count`, labels, value: cumulative });
    return samples;
  }
}

export class Histogram implements ExposedMetric {
  readonly name: string;
  readonly help: string;
  readonly #bounds: Float64Array;
  readonly #cells = new Map<string, { readonly labels: Labels; readonly cell: HistogramCell }>();

  /** `bounds` ascending; a value equal to a bound belongs below it. */
  constructor(name: string, help: string, bounds: readonly number[]) {
    this.name = name;
    this.help = help;
    this.#bounds = Float64Array.from(bounds);
  }

  cell(labels: Labels = {}): HistogramCell {
    const key = formatLabels(labels);
    const known = this.#cells.get(key);
    if (known !== undefined) return known.cell;
    const cell = new HistogramCell(this.#bounds);
    this.#cells.set(key, { labels, cell });
    return cell;
  }

  async get(): Promise<MetricSnapshot> {
    const values: Sample[] = [];
    for (const { labels, cell } of this.#cells.values()) values.push(...cell.samples(this.name, labels));
    return { name: this.name, help: this.help, type: 'histogram', aggregator: 'sum', values };
  }
}
