import type { DspTransportResult } from '../../engine/ports/dsp-transport.ts';
import type { BidResponse } from '../../openrtb/types.ts';
import type { Observation } from './history.ts';

export interface WatchedAnswer {
  readonly status: number;
  /** Null: it is empty. */
  readonly body: BidResponse | null;
  /** Since its request was sent. */
  readonly latencyMs: number;
}

/** Whoever looks at a world: its trace, its figures, its checks. */
export interface WorldWatch {
  readonly observe: (observation: Observation) => void;
  /** An engine was told what has come of a call. */
  readonly onCallResult: (dspId: string, result: DspTransportResult) => void;
  /** An answer of an engine of this region has reached its publisher. */
  readonly onAnswer: (region: string, answer: WatchedAnswer) => void;
  /** In it, an ad of this buyer was sold. */
  readonly onSale: (buyer: string, priceCpm: number) => void;
  /** A device has shown an ad of this buyer, which was truly worth so much to it. */
  readonly onImpression: (buyer: string, valueNanos: number) => void;
  readonly onClick: () => void;
  /** Records of outcome events have become durable, in this order. */
  readonly onStored: (process: string, records: readonly Uint8Array[]) => void;
  /** A task of the product has thrown. */
  readonly onFault: (process: string, error: unknown) => void;
}

/** All of them, in this order. */
export function watchedBy(watches: readonly Partial<WorldWatch>[]): WorldWatch {
  const all = Object.fromEntries(KEYS.map((key) => [key, inTurn(watches, key)]));
  return all as unknown as WorldWatch;
}

const KEYS = [
  'observe',
  'onCallResult',
  'onAnswer',
  'onSale',
  'onImpression',
  'onClick',
  'onStored',
  'onFault',
] as const satisfies readonly (keyof WorldWatch)[];

function inTurn(watches: readonly Partial<WorldWatch>[], key: keyof WorldWatch): (...args: unknown[]) => void {
  const those = watches.filter((watch) => watch[key] !== undefined) as unknown as Record<
    string,
    (...args: unknown[]) => void
  >[];
  return (...args) => {
    for (const watch of those) watch[key]!(...args);
  };
}
