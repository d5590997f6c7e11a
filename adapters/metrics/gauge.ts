import type { Aggregator, ExposedMetric, Labels, MetricSnapshot, Sample } from './exposition.ts';

/** A state that is read when it is asked for: nothing is counted twice, and the hot path pays nothing. */
export class Gauge implements ExposedMetric {
  readonly name: string;
  readonly help: string;
  readonly #aggregator: Aggregator;
  readonly #sources: (() => readonly Sample[])[] = [];

  /** `aggregator` says what several processes are together. */
  constructor(name: string, help: string, aggregator: Aggregator = 'sum') {
    this.name = name;
    this.help = help;
    this.#aggregator = aggregator;
  }

  readFrom(read: () => number, labels: Labels = {}): void {
    this.#sources.push(() => [{ labels, value: read() }]);
  }

  /** For series that come and go; the reader bounds how many there are. */
  readSeriesFrom(read: () => readonly Sample[]): void {
    this.#sources.push(read);
  }

  async get(): Promise<MetricSnapshot> {
    const values = this.#sources.flatMap((read) => read());
    return { name: this.name, help: this.help, type: 'gauge', aggregator: this.#aggregator, values };
  }
}
