/** A market that sells to itself: every request to every DSP, second or first price, notices at once. For tests of the market alone. */
import { Ajv } from 'ajv';
import type { Bid } from '../../openrtb/types.ts';
import { Market, type MarketOutcome, type MarketSetting } from '../../simulator/market/market.ts';
import type { MarketDsp } from '../../simulator/market/market-dsp.ts';
import { MARKET_SCHEMA, type MarketOptions } from '../../simulator/market/market-schema.ts';

export const SHARED_DATASETS = new URL('../../../shared/datasets', import.meta.url).pathname;

const SETTING: MarketSetting = {
  seed: 1,
  startAtMs: Date.UTC(2026, 5, 8, 16),
  requestsPerSec: 0.5,
  shape: 'week',
  users: 10_000,
  auctionType: 2,
  currency: 'USD',
  noticeOriginOf: (id) => `https://${id}.example`,
};

/** With defaults where nothing is said. */
export function marketOf(options: object = {}, setting: Partial<MarketSetting> = {}): Market {
  const filled: unknown = structuredClone(options);
  const ajv = new Ajv({ useDefaults: true, strict: true });
  if (!ajv.validate<MarketOptions>(MARKET_SCHEMA, filled)) throw new Error(ajv.errorsText());
  return new Market(filled, { ...SETTING, ...setting });
}

export interface Sale {
  readonly atMs: number;
  readonly requestId: string;
  readonly tagid: string;
  readonly dspId: string;
  readonly priceCpm: number;
  readonly bid: Bid;
  readonly outcome: MarketOutcome;
}

/** Sells what comes before `untilMs`. `at`: OpenRTB auction type. */
export function sellUntil(
  market: Market,
  untilMs: number,
  { at = 2, onSale }: { readonly at?: 1 | 2; readonly onSale?: (sale: Sale) => void } = {},
): { readonly requests: number; readonly sales: number } {
  let requests = 0;
  let sales = 0;
  for (let arrival = market.next(); arrival.atMs < untilMs; arrival = market.next()) {
    requests += 1;
    const { atMs } = arrival;
    const request = { ...arrival.request, at };
    const bids = market.dsps.flatMap((dsp) => {
      const bid = dsp.decide(request, atMs).reply?.seatbid?.[0]?.bid[0];
      return bid === undefined ? [] : [{ dsp, bid }];
    });
    bids.sort((a, b) => b.bid.price - a.bid.price);
    const best = bids[0];
    if (best === undefined) continue;
    sales += 1;
    const floor = request.imp[0]!.bidfloor!;
    const runnerUp = Math.max(floor, bids[1]?.bid.price ?? 0);
    const priceCpm = at === 1 ? best.bid.price : runnerUp;
    for (const { dsp, bid } of bids.slice(1)) notify(dsp, 'loss', bid, priceCpm, best.bid.price);
    notify(best.dsp, 'win', best.bid, priceCpm, runnerUp);
    const outcome = market.show({ request, bid: best.bid, dspId: best.dsp.id, priceCpm }, atMs);
    notify(best.dsp, 'bill', best.bid, priceCpm, runnerUp);
    onSale?.({
      atMs,
      requestId: request.id,
      tagid: request.imp[0]!.tagid!,
      dspId: best.dsp.id,
      priceCpm,
      bid: best.bid,
      outcome,
    });
  }
  return { requests, sales };
}

function notify(dsp: MarketDsp, kind: 'win' | 'loss' | 'bill', bid: Bid, priceCpm: number, minimumToWin: number): void {
  dsp.onNotice({
    kind,
    url: `https://x.example/${kind}?bid=${bid.id}&price=${priceCpm}&min=${minimumToWin}&reason=102`,
  });
}
