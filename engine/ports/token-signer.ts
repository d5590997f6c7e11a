/** Signs what tracking URLs claim, so that only what an engine has sold can be told of it. */
import type { Claim, TrackedCode } from '../tracking/claim.ts';

export interface TokenSigner {
  /** Letters, digits, `-` and `_`. Two of the same claim differ. */
  readonly sign: (code: TrackedCode, body: string, expiresAtMs: number) => string;
}

/**
 * `malformed`: no token; `forged`: not signed by a key that is known, or not signed so; `retired-key`: signed by a key that is
 * no more accepted; `expired`: it was true once.
 */
export type TokenRefusal = 'malformed' | 'forged' | 'retired-key' | 'expired';

export type TokenReading =
  | { readonly kind: 'valid'; readonly claim: Claim }
  /** `claim`: of one that is signed, though it does not count any more. */
  | { readonly kind: 'refused'; readonly reason: TokenRefusal; readonly claim: Claim | null };

export interface TokenReader {
  /** `nowMs`: wall clock, epoch ms. */
  readonly read: (token: string, nowMs: number) => TokenReading;
}
