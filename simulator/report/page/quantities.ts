/** Numbers as people read them. No locale: the same on every machine. */

const NANOS_PER_UNIT = 1e9;

/** `52,431`. */
export function count(value: number): string {
  return grouped(value, 0);
}

/** Any number: about three significant digits below 1,000, whole above. */
export function decimal(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 1000) return grouped(value, 0);
  if (size < 0.001) return value.toExponential(1);
  return trimmed(value.toFixed(Math.max(0, 2 - Math.floor(Math.log10(size)))));
}

/** For axes: `1.2M`. */
export function compact(value: number): string {
  const size = Math.abs(value);
  for (const [least, unit, name] of COMPACT) if (size >= least) return `${trimmed((value / unit).toFixed(2))}${name}`;
  return decimal(value);
}

/** From which size on, in what, and its name. */
const COMPACT = [
  [1e12, 1e12, 'T'],
  [1e9, 1e9, 'G'],
  [1e6, 1e6, 'M'],
  [1e4, 1e3, 'k'],
] as const;

/** Nanos of a currency in its unit: `1,234.56`. */
export function money(nanos: number): string {
  const units = nanos / NANOS_PER_UNIT;
  return Math.abs(units) >= 10 ? grouped(units, 2) : decimal(units);
}

export function unitsOf(nanos: number): number {
  return nanos / NANOS_PER_UNIT;
}

/** Of a share, 0..1: `12.3%`. Only none and all are written as 0% and 100%. */
export function percent(share: number): string {
  const value = share * 100;
  const size = Math.abs(value);
  if (size === 0 || size === 100) return `${value}%`;
  if (size < 0.01) return value < 0 ? '>-0.01%' : '<0.01%';
  if (size > 99.99 && size < 100) return value < 0 ? '<-99.99%' : '>99.99%';
  return `${value.toFixed(size < 1 || (size > 99 && size < 100) ? 2 : 1)}%`;
}

/** Of a share at an axis, where marks are round: `30%`. */
export function axisPercent(share: number): string {
  return `${decimal(share * 100)}%`;
}

/** A difference of shares or a relative one, with its sign. */
export function signedPercent(share: number): string {
  return share > 0 ? `+${percent(share)}` : percent(share);
}

/** `3.42 ms`, `1.24 s`. */
export function milliseconds(value: number): string {
  return Math.abs(value) >= 1000 ? lengthOfTime(value) : `${decimal(value)} ms`;
}

/** `12 s`, `20 min`, `1.5 h`, `3 days`. */
export function lengthOfTime(ms: number): string {
  const [unitMs, name] = TIME_UNITS.find(([unit]) => ms >= unit) ?? [1, 'ms'];
  const value = trimmed((ms / unitMs).toFixed(2));
  return name === 'day' ? `${value} ${value === '1' ? 'day' : 'days'}` : `${value} ${name}`;
}

const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

const TIME_UNITS: readonly (readonly [number, string])[] = [
  [DAY_MS, 'day'],
  [HOUR_MS, 'h'],
  [MINUTE_MS, 'min'],
  [SECOND_MS, 's'],
];

/**
 * As it is drawn. What is behind the ninth digit is noise of sums, nobody sees it, and ECharts fails on axes that are to tell
 * such numbers apart.
 */
export function drawable(value: number): number {
  return Math.abs(value) < 1e-12 ? 0 : Number(value.toPrecision(9));
}

/** `one fault`, `2 faults`. */
export function plural(amount: number, noun: string): string {
  return amount === 1 ? `one ${noun}` : `${count(amount)} ${noun}s`;
}

/** `once`, `2 times`. */
export function times(amount: number): string {
  return amount === 1 ? 'once' : `${count(amount)} times`;
}

function grouped(value: number, digits: number): string {
  const [whole, fraction] = value.toFixed(digits).split('.');
  const shown = whole!.replace(/\B(?=(?:\d{3})+$)/g, ',');
  return fraction === undefined ? (shown === '-0' ? '0' : shown) : `${shown}.${fraction}`;
}

function trimmed(digits: string): string {
  return digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits;
}
