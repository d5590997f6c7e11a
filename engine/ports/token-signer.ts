/** Signs what tracking URLs claim, so that only what an engine has sold can be told of it. */

/** What is signed. */
export interface TokenContent {
  /** 0 to 255: what kind of claim it is. */
  readonly code: number;
  readonly body: string;
}

export interface TokenSigner {
  /** Letters, digits, `-` and `_`. Two of the same content differ. `expiresAtMs`: epoch ms, rounded up to seconds. */
  readonly sign: (content: TokenContent, expiresAtMs: number) => string;
}

/**
 * `malformed`: no token; `forged`: not signed by a key that is known, or not signed so; `retired-key`: signed by a key that is
 * no more accepted; `expired`: it was true once.
 */
export type TokenRefusal = 'malformed' | 'forged' | 'retired-key' | 'expired';

export type TokenReading =
  | { readonly kind: 'valid'; readonly content: TokenContent }
  /** `content`: of one that is signed, though it does not count any more. */
  | { readonly kind: 'refused'; readonly reason: TokenRefusal; readonly content: TokenContent | null };

export interface TokenReader {
  /** `nowMs`: wall clock, epoch ms. */
  readonly read: (token: string, nowMs: number) => TokenReading;
}
