/** Moments in query strings of the admin API. */
import { Refusal } from './refusal.ts';

/** RFC 3339, whose offset is told. */
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;

/** Epoch ms; undefined: it is left out. Throws a Refusal that names `path`. */
export function moment(path: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const atMs = MOMENT.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(atMs)) throw new Refusal(400, path, 'must be a moment such as 2026-12-01T00:00:00Z');
  return atMs;
}
