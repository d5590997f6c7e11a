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

/** Two decimals below a hundred, none above. */
function formatValue(value: number): string {
  return value.toFixed(Math.abs(value) < 100 ? 2 : 0);
}
