/** Identifiers of what was refused, to name it to its sender. */
import { ID_LENGTH_MAX } from './lengths.ts';

/** The text of an unchecked identifier; null for what is none, is too long, or is a number that has lost digits. */
export function identifierOf(value: unknown): string | null {
  if (typeof value === 'string') return value !== '' && value.length <= ID_LENGTH_MAX ? value : null;
  return Number.isSafeInteger(value) ? String(value) : null;
}
