/** What becomes of some ads, as events: sold by impression, click and conversion, of our own and of DSPs. */
import type { PricingModel } from '../../auction/types.ts';
import { BILLED_BY } from '../../exchange/purchases.ts';
import type { Payer } from '../../exchange/sale.ts';
import type { OutcomeEvent, Sale } from '../outcome-events.ts';
import { buildOutcome, HOUSE_SALE } from './build-events.ts';

export interface TrafficOptions {
  /** Begins the ids of auctions and accounts: what two of them do not share, does not meet. */
  readonly prefix: string;
  readonly adCount: number;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly nowMs: number;
  readonly leases: readonly { readonly accountId: string; readonly epoch: number; readonly sequence: number }[];
}

const PRICINGS: readonly PricingModel[] = ['cpm', 'cpc', 'cpa'];
const DAY_MS = 86_400_000;

/** In the order in which it happens. */
export function adTraffic({ prefix, adCount, random, nowMs, leases }: TrafficOptions): OutcomeEvent[] {
  const events: OutcomeEvent[] = [];
  for (let at = 0; at < adCount; at += 1) {
    const auctionId = `${prefix}a${at}`;
    const pricing = PRICINGS[at % 3]!;
    const lease = leases[at % leases.length]!;
    const payer: Payer =
      random() < 0.5
        ? { kind: 'house', unit: 'nanos', ...lease }
        : { kind: 'dsp', dspId: `dsp-${at % 3}`, seat: 'seat-1' };
    const sale: Sale = {
      ...HOUSE_SALE,
      payer,
      pricing,
      billedBy: BILLED_BY[pricing],
      amount: 1 + Math.floor(random() * 1000),
      publisherId: `pub-${at % 4}`,
      soldAtMs: nowMs - 10_000,
    };
    events.push(...eventsOfAd({ auctionId, sale, random, nowMs }));
  }
  return events;
}

function eventsOfAd({
  auctionId,
  sale,
  random,
  nowMs,
}: {
  readonly auctionId: string;
  readonly sale: Sale;
  readonly random: () => number;
  readonly nowMs: number;
}): OutcomeEvent[] {
  const isHouse = sale.payer.kind === 'house';
  const isLate = random() < 0.02;
  const ad = { auctionId, sale, isTest: random() < 0.02, atMs: isLate ? nowMs + 60 * DAY_MS : nowMs };
  const tracked = { ...ad, billingNotice: isHouse ? null : `https://dsp.example/bill/${auctionId}` };
  const events: OutcomeEvent[] = [
    buildOutcome('win', { ...ad, atMs: nowMs, heldUntilMs: isHouse ? nowMs + DAY_MS : null }),
  ];
  const isShown = random() < 0.9;
  const isClicked = isShown && random() < 0.5;
  const isConverted = isClicked && random() < 0.5;
  if (isShown) events.push(buildOutcome('impression', tracked));
  if (isClicked) events.push(buildOutcome('click', tracked));
  if (isConverted) events.push(buildOutcome('conversion', tracked));
  const isPaid = events.some(({ type }) => type === sale.billedBy);
  if (isPaid && random() < 0.1) events.push(buildOutcome('refund', { ...ad, reason: 'fraud' }));
  if (!isPaid && isHouse && random() < 0.5) events.push(buildOutcome('win_expired', ad));
  return events;
}

/** Any order, with a share of them twice or more. */
export function shuffled<Item>(items: readonly Item[], random: () => number, duplicateShare: number): Item[] {
  const all = items.flatMap((item) => {
    const times = random() < duplicateShare ? 2 + Math.floor(random() * 3) : 1;
    return Array<Item>(times).fill(item);
  });
  for (let last = all.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [all[last], all[other]] = [all[other]!, all[last]!];
  }
  return all;
}
