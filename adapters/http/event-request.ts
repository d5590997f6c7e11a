/** What requests to `/event` say: nothing is decoded, since no token needs it. */
import { EVENT_PATH } from '../../engine/tracking/ad-tracker.ts';

const TOKEN = /^[A-Za-z0-9_-]+$/;
/** VAST error codes are of three digits, those of some players of four. */
const ERROR_CODE = /^\d{1,4}$/;
/** In one batch. */
export const TELLINGS_MAX = 500;

export interface BatchedTelling {
  readonly token: string;
  readonly errorCode: number | null;
}

/** Null: there is none, more than one, or it is none. */
export function tokenIn(query: string): string | null {
  const values = valuesOf(query, 't');
  return values.length === 1 && TOKEN.test(values[0]!) ? values[0]! : null;
}

/** Null: none, or what a player did not replace. */
export function errorCodeIn(query: string): number | null {
  const [value] = valuesOf(query, 'e');
  return value !== undefined && ERROR_CODE.test(value) ? Number(value) : null;
}

function valuesOf(query: string, name: string): string[] {
  const values: string[] = [];
  for (const part of query.split('&')) if (part.startsWith(`${name}=`)) values.push(part.slice(name.length + 1));
  return values;
}

/** A JSON array of tokens or of whole tracking URLs, null for what is neither; else a message that says what is wrong. */
export function readTellings(text: string): readonly (BatchedTelling | null)[] | string {
  let entries: unknown;
  try {
    entries = JSON.parse(text);
  } catch {
    return 'the body is no JSON';
  }
  if (!Array.isArray(entries)) return 'the body must be a JSON array of tokens or tracking URLs';
  if (entries.length > TELLINGS_MAX) return `more than ${TELLINGS_MAX} events`;
  return entries.map(tellingOf);
}

function tellingOf(entry: unknown): BatchedTelling | null {
  if (typeof entry !== 'string') return null;
  const queryAt = entry.indexOf(`${EVENT_PATH}?`);
  if (queryAt === -1) return TOKEN.test(entry) ? { token: entry, errorCode: null } : null;
  const query = entry.slice(queryAt + EVENT_PATH.length + 1);
  const token = tokenIn(query);
  return token === null ? null : { token, errorCode: errorCodeIn(query) };
}
