import type { ExposedMetric, Labels, MetricSnapshot, Sample } from './exposition.ts';

/** A state that is read when it is asked for: nothing is counted twice, and the hot path pays nothing. */
export class Gauge implements ExposedMetric {
  readonly name: string;
  readonly help: string;
  readonly #sources: { readonly labels: Labels; readonly read: () => number }[] = [];

  constructor(name: string, help: string) {
    this.name = name;
    this.help = help;
  }

  readFrom(read: () => number, labels: Labels = {}): void {
    this.#sources.push({ labels, read });
  }

  async get(): Promise<MetricSnapshot> {
    const values: Sample[] = this.#sources.map(({ labels, read }) => ({ labels, value: read() }));
    return { name: this.name, help: this.help, type: 'gauge', aggregator: 'sum', values };
  }
}
