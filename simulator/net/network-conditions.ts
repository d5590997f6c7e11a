/** How bad a network is, each way. */
export interface NetworkConditions {
  /**
   * `forward` as the rest says. `blackhole`: connections are accepted, and nothing ever comes through. `reset`: open
   * connections are reset now and new ones at once. `refuse`: the same, and nobody listens any more.
   */
  readonly mode: 'forward' | 'blackhole' | 'reset' | 'refuse';
  /** Added to every byte's way, ms. */
  readonly latencyMs: number;
  /** Up to so much more, drawn for each piece; bytes stay in order. */
  readonly jitterMs: number;
  /** Of each connection and direction; null: no limit. */
  readonly bytesPerSecMax: number | null;
  /** Bytes are passed on in pieces of at most this size; null: as they came. */
  readonly pieceBytesMax: number | null;
  /** Between two pieces, ms. */
  readonly pieceGapMs: number;
  /** A connection is reset once so many bytes went through it one way; null: never. */
  readonly resetAfterBytes: number | null;
}

export const HEALTHY_NETWORK: NetworkConditions = {
  mode: 'forward',
  latencyMs: 0,
  jitterMs: 0,
  bytesPerSecMax: null,
  pieceBytesMax: null,
  pieceGapMs: 0,
  resetAfterBytes: null,
};
