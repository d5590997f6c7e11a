/** Money as people write it: `"1000.50"`, exact, never through a float. */

const DECIMAL = /^(\d{1,15})(?:\.(\d+))?$/;

/** Digits behind the point of nanos and micros. */
export const NANO_DIGITS = 9;
export const MICRO_DIGITS = 6;

/** `text` in units of 10^-`digits`; null when it is no decimal number of at most so many digits, or negative. */
export function parseDecimal(text: string, digits: number): bigint | null {
  const parts = DECIMAL.exec(text);
  if (parts === null) return null;
  const fraction = parts[2] ?? '';
  return fraction.length > digits ? null : BigInt(parts[1]! + fraction.padEnd(digits, '0'));
}

/** The shortest text of the same amount with at least two digits behind the point: `1000.50`. */
export function formatDecimal(amount: bigint, digits: number): string {
  const sign = amount < 0n ? '-' : '';
  const text = (amount < 0n ? -amount : amount).toString().padStart(digits + 1, '0');
  const fraction = text.slice(-digits).replace(/0+$/, '').padEnd(2, '0');
  return `${sign}${text.slice(0, -digits)}.${fraction}`;
}
