/** Randomness that nobody outside can foresee or meet again: for ids, tags and nonces. Draws for decisions are `Random`. */
export interface Entropy {
  readonly fill: (bytes: Uint8Array) => void;
  /** A UUID, version 4. */
  readonly newId: () => string;
}
