/**
 * Currency conversion from a dated table, and the bridge between decimal prices on the wire and integer micros.
 * No price is ever computed in binary floats: a wire price becomes micros once, and micros become a decimal once.
 */

/** Rates of one day. `rates[code]` = units of `code` per one unit of `base`; `base` itself may be left out. */
export interface CurrencyTable {
  /** The day the rates were fixed, `YYYY-MM-DD`. */
  readonly asOf: string;
  /** Upper-case ISO 4217. */
  readonly base: string;
  readonly rates: Readonly<Record<string, number>>;
}

const MICROS_PER_UNIT = 1_000_000;

/** Units of `to` per one unit of `from`, or null when the table knows one of them not. Codes are upper case. */
export function rateBetween(table: CurrencyTable, from: string, to: string): number | null {
  if (from === to) return 1;
  const fromRate = rateFromBase(table, from);
  const toRate = rateFromBase(table, to);
  return fromRate === null || toRate === null ? null : toRate / fromRate;
}

/** Whether the table can convert the currency at all. */
export function knowsCurrency(table: CurrencyTable, code: string): boolean {
  return rateFromBase(table, code) !== null;
}

function rateFromBase(table: CurrencyTable, code: string): number | null {
  if (code === table.base) return 1;
  // The code comes from a message: only own keys count, so that `constructor` is an unknown currency.
  const rate = Object.hasOwn(table.rates, code) ? table.rates[code] : undefined;
  return rate !== undefined && Number.isFinite(rate) && rate > 0 ? rate : null;
}

/**
 * A decimal amount in millionths, to the nearest one. Saturates at the safe integers, so that an absurd price stays
 * absurd for whoever caps prices, instead of losing digits. NaN stays NaN.
 */
export function toMicros(amount: number): number {
  const micros = Math.round(amount * MICROS_PER_UNIT);
  if (micros > Number.MAX_SAFE_INTEGER) return Number.MAX_SAFE_INTEGER;
  if (micros < Number.MIN_SAFE_INTEGER) return Number.MIN_SAFE_INTEGER;
  return micros === 0 ? 0 : micros;
}

/** Integer micros as the shortest plain decimal: `3330000` is `3.33`; no exponent, no trailing zeros. */
export function microsToDecimal(micros: number): string {
  const sign = micros < 0 ? '-' : '';
  const absolute = Math.abs(micros);
  const whole = Math.floor(absolute / MICROS_PER_UNIT);
  const fraction = absolute % MICROS_PER_UNIT;
  if (fraction === 0) return `${sign}${whole}`;
  return `${sign}${whole}.${String(fraction).padStart(6, '0').replace(/0+$/, '')}`;
}
