/** Every auction in the log can be cleared again from its event alone, with the same outcome to the last micro. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clearAuction } from '../engine/auction/clear.ts';
import type { AuctionEvent } from '../engine/exchange/auction-event.ts';
import { startVariedTraffic, type VariedTraffic } from './support/varied-traffic.ts';

const AUCTIONS = 300;
const BATCH = 20;

describe('the events of generated traffic', () => {
  let traffic: VariedTraffic;
  let events: AuctionEvent[];

  beforeAll(async () => {
    traffic = await startVariedTraffic({ 'learnedReserve.estimator': 'empirical' });
    for (let start = 0; start < AUCTIONS; start += BATCH) {
      const batch = Array.from({ length: BATCH }, (_, offset) => traffic.ask(start + offset));
      for (const answer of await Promise.all(batch)) expect(answer.status).toBe(200);
    }
    events = await traffic.gavel.allEvents(AUCTIONS);
  });
  afterAll(async () => {
    await traffic?.close();
  });

  it('give the recorded outcome when they are cleared again', () => {
    for (const { input, outcome, auctionId } of events) {
      expect(clearAuction(input!), auctionId).toEqual(outcome);
    }
  });

  it('give it whatever order the bids came in', () => {
    for (const { input, outcome, auctionId } of events) {
      const again = clearAuction({ ...input!, bids: input!.bids.toReversed() });
      expect(again.wins, auctionId).toEqual(outcome!.wins);
      const byIndex = again.bids.toSorted((a, b) => a.bidIndex - b.bidIndex);
      expect(byIndex, auctionId).toEqual(outcome!.bids);
    }
  });

  it('use the estimates that were recorded', () => {
    for (const { bids } of events.map(({ input }) => input!)) {
      for (const { ctrSource, cvrSource, pricing } of bids) {
        expect(ctrSource).toBe(pricing === 'cpm' ? 'prior' : 'model');
        expect(cvrSource).toBe(pricing === 'cpa' ? 'model' : 'prior');
      }
    }
    for (const paidFor of ['cpc', 'cpa'] as const) {
      const verdicts = events.flatMap(({ input, outcome }) =>
        outcome!.bids.filter(
          ({ bidIndex, status }) => input!.bids[bidIndex]!.pricing === paidFor && status !== 'refused',
        ),
      );
      expect(verdicts.length, paidFor).toBeGreaterThan(AUCTIONS / 20);
      expect(verdicts.some(({ status }) => status === 'won')).toBe(true);
    }
  });

  it('cover what an auction can be', () => {
    const verdicts = events.flatMap(({ outcome }) => outcome!.bids);
    const inputs = events.map(({ input }) => input!);
    expect(new Set(inputs.map(({ mechanism }) => mechanism))).toEqual(new Set(['gsp', 'first_price']));
    expect(new Set(inputs.map(({ currency }) => currency))).toEqual(new Set(['USD', 'EUR']));
    expect(new Set(verdicts.map(({ status }) => status))).toEqual(new Set(['won', 'lost', 'refused']));
    expect(verdicts.map(({ media }) => media)).toEqual(expect.arrayContaining(['banner', 'video', 'audio', 'native']));
    expect(verdicts.some(({ reason }) => reason === 'missing-markup')).toBe(true);
    expect(inputs.some(({ imps }) => imps.length > 1)).toBe(true);
    expect(inputs.some(({ imps }) => imps.some(({ deals }) => deals.length > 0))).toBe(true);
    expect(inputs.some(({ imps }) => imps.some(({ ruleFloorCpmMicros }) => ruleFloorCpmMicros > 0))).toBe(true);
    expect(inputs.some(({ imps }) => imps.some(({ learnedFloorCpmMicros }) => learnedFloorCpmMicros > 0))).toBe(true);
    const reasons = new Set(
      events.flatMap(({ outcome }) => outcome!.wins).map(({ runnerUpEcpmMicros }) => runnerUpEcpmMicros === null),
    );
    expect(reasons).toEqual(new Set([true, false]));
  });
});
