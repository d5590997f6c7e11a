/**
 * One request as offered to many DSPs. A body is serialised once per distinct variant (protocol version, tmax, quirks,
 * DSP-specific blocks), not once per DSP; of variants that differ in tmax alone, everything but tmax is shared.
 */
import { toVersion25 } from '../../openrtb/downgrade.ts';
import type { BidRequest } from '../../openrtb/types.ts';
import { applyQuirks, type Quirk } from './quirks.ts';

export type ProtocolVersion = '2.5' | '2.6';

/** How one DSP wants to be asked; compiled once from configuration. DSPs with equal `key` share bodies. */
export interface Dialect {
  readonly key: string;
  readonly version: ProtocolVersion;
  readonly quirks: readonly Quirk[];
  /** Added to the request's own lists for this DSP; enforced by the auction (`AuctionInput.dspBlocks`). */
  readonly blockedAdvertisers: readonly string[];
  /** Of content taxonomy 1.0: not sent with a request in another taxonomy. */
  readonly blockedCategories: readonly string[];
}

export function dialect(options: Omit<Dialect, 'key'>): Dialect {
  const { version, quirks, blockedAdvertisers, blockedCategories } = options;
  const key = JSON.stringify([version, quirks, blockedAdvertisers, blockedCategories]);
  return { key, version, quirks, blockedAdvertisers, blockedCategories };
}

const encoder = new TextEncoder();

export class Solicitation {
  /** As every DSP gets it: with the auction type that will be executed and our node in the supply chain. */
  readonly request: BidRequest;
  /** JSON without its opening brace and without tmax, by dialect. */
  readonly #texts = new Map<string, string>();
  readonly #bodies = new Map<string, Uint8Array>();

  constructor(request: BidRequest) {
    this.request = request;
  }

  body(dialect: Dialect, tmaxMs: number): Uint8Array {
    const key = `${tmaxMs} ${dialect.key}`;
    let body = this.#bodies.get(key);
    if (body === undefined) {
      body = encoder.encode(`{"tmax":${tmaxMs},${this.#text(dialect)}`);
      this.#bodies.set(key, body);
    }
    return body;
  }

  #text(dialect: Dialect): string {
    let text = this.#texts.get(dialect.key);
    if (text === undefined) {
      text = JSON.stringify(inDialect(this.request, dialect)).slice(1);
      this.#texts.set(dialect.key, text);
    }
    return text;
  }
}

function inDialect(request: BidRequest, dialect: Dialect): BidRequest {
  const { tmax: _replaced, ...asked } = request;
  const blocked: BidRequest = {
    ...asked,
    ...withMore('badv', request.badv, dialect.blockedAdvertisers),
    ...((request.cattax ?? 1) === 1 && withMore('bcat', request.bcat, dialect.blockedCategories)),
  };
  const quirky = applyQuirks(blocked, dialect.quirks);
  return dialect.version === '2.5' ? toVersion25(quirky) : quirky;
}

function withMore(
  key: 'badv' | 'bcat',
  own: readonly string[] | undefined,
  more: readonly string[],
): Partial<Record<'badv' | 'bcat', readonly string[]>> {
  return more.length === 0 ? {} : { [key]: [...new Set([...(own ?? []), ...more])] };
}
