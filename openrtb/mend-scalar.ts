/** Single values: what may stand for what (deviation table in `docs/openrtb.md`). */
import type { MessageReading } from './message-reading.ts';
import type { Field } from './model/field.ts';

/** The value means nothing as a value of this field. Not reported yet: what it costs depends on the field. */
export const UNREADABLE = Symbol('unreadable');

/** As `UNREADABLE`, of a text beyond the `lengthMax` of the field. */
export const TOO_LONG = Symbol('too long');

const PLAIN_INTEGER = /^-?\d{1,15}$/;
const PLAIN_DECIMAL = /^-?\d{1,15}(?:\.\d{1,20})?$/;

export function mendScalar(field: Field, value: unknown, reading: MessageReading): unknown {
  if (field.kind === 'json' && typeof value === 'object') return value;
  if (field.kind === 'text' || field.kind === 'json') {
    const text = mendText(field, value, reading);
    const isTooLong = text !== UNREADABLE && field.lengthMax !== undefined && text.length > field.lengthMax;
    return isTooLong ? TOO_LONG : text;
  }
  const number = mendNumber(field, value, reading);
  if (number === UNREADABLE) return UNREADABLE;
  if (field.min !== undefined && number < field.min) return UNREADABLE;
  if (field.max !== undefined && number > field.max) return UNREADABLE;
  if (field.values !== undefined && !field.values.includes(number)) return UNREADABLE;
  return number;
}

function mendText(field: Field, value: unknown, reading: MessageReading): string | typeof UNREADABLE {
  if (typeof value === 'string') return value;
  // Infinity is what JSON.parse makes of 1e999: there is no number to quote.
  if (typeof value === 'number' && Number.isFinite(value)) {
    const digits = reading.numberAsWritten(value);
    if (digits === null) return UNREADABLE;
    reading.report('number-for-string', 'must be a string; the digits are kept');
    return digits;
  }
  if (field.joinsList && Array.isArray(value)) {
    reading.report('array-for-string', 'must be one string; joined by commas');
    return value.filter((item) => typeof item === 'string' && item !== '').join(',') || UNREADABLE;
  }
  return UNREADABLE;
}

function mendNumber(field: Field, value: unknown, reading: MessageReading): number | typeof UNREADABLE {
  if (typeof value === 'boolean' && field.kind === 'flag') {
    reading.report('boolean-for-flag', 'must be 0 or 1, not a boolean; converted');
    return value ? 1 : 0;
  }
  if (typeof value === 'string') return numberInText(field, value, reading);
  if (typeof value !== 'number' || !Number.isFinite(value)) return UNREADABLE;
  if (field.kind === 'decimal' || Number.isInteger(value)) return value;
  reading.report('float-for-integer', 'must be an integer; the fraction is cut off');
  // No negative zero: it is not what JSON would say.
  return Math.trunc(value) || 0;
}

function numberInText(field: Field, value: string, reading: MessageReading): number | typeof UNREADABLE {
  const plain = field.kind === 'decimal' ? PLAIN_DECIMAL : PLAIN_INTEGER;
  if (!plain.test(value)) return UNREADABLE;
  reading.report('string-for-number', 'must be a number, not a string; converted');
  return Number(value) || 0;
}
