import { TRACKED_CODES, type TrackedCode } from '../../engine/markup/tracked-codes.ts';

/** Of one ad; null: its markup has no such URL. */
export interface TrackingTokens {
  readonly impression: string | null;
  readonly click: string | null;
}

const TOKEN = /\/event\?t=([A-Za-z0-9_-]+)/g;

/** What a device finds in markup to call: the first of each kind. */
export function tokensIn(markup: string): TrackingTokens {
  const found: { impression: string | null; click: string | null } = { impression: null, click: null };
  for (const [, token] of markup.matchAll(TOKEN)) {
    const code = codeOf(token!);
    if (code === 'impression' || code === 'click') found[code] ??= token!;
  }
  return found;
}

/** The second byte of a token says what it is for (adapters/tracking/signed-tokens.ts). */
function codeOf(token: string): TrackedCode | undefined {
  return TRACKED_CODES[Buffer.from(token.slice(0, 4), 'base64url')[1] ?? -1];
}
