/** How the values of a metric are written. */
import { axisPercent, compact, decimal, percent, unitsOf } from './quantities.ts';

export interface MetricScale {
  /** Of a value as drawn. */
  readonly unit: string;
  /** From the record to what is drawn. */
  readonly drawn: (value: number) => number;
  /** A drawn value in a sentence or a table, with its unit. */
  readonly text: (drawn: number) => string;
  /** A drawn value at an axis. */
  readonly axis: (drawn: number) => string;
}

/** `nanos` are of the currency of the exchange, `share` is 0..1; of anything else the unit is written behind the number. */
export function metricScale(unit: string): MetricScale {
  switch (unit) {
    case 'nanos':
      return { unit: 'currency of the exchange', drawn: unitsOf, text: decimal, axis: compact };
    case 'share':
      return { unit: 'share', drawn: (value) => value, text: percent, axis: axisPercent };
    default:
      return { unit, drawn: (value) => value, text: (value) => `${decimal(value)} ${unit}`.trimEnd(), axis: compact };
  }
}

export function signed(text: string, value: number): string {
  return value > 0 ? `+${text}` : text;
}
