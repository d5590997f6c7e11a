import type { Measurement } from './measurement.ts';

/** Names flush left, values flush right; targets are in docs/performance.md. No trailing newline. */
export function formatMeasurements(measurements: readonly Measurement[]): string {
  const rows = measurements.map(({ name, value, unit }) => [name, formatValue(value), unit] as const);
  const nameWidth = Math.max(...rows.map(([name]) => name.length));
  const valueWidth = Math.max(...rows.map(([, value]) => value.length));
  return rows
    .map(([name, value, unit]) => `${name.padEnd(nameWidth)}  ${value.padStart(valueWidth)}  ${unit}`)
    .join('\n');
}

/** Four decimals below one, two below a hundred, none above. */
function formatValue(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size < 1 ? 4 : size < 100 ? 2 : 0);
}
