/** Every auction in the log can be cleared again from its event alone, with the same outcome to the last micro. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clearAuction } from '../engine/auction/clear.ts';
import type { AuctionEvent } from '../engine/exchange/auction-event.ts';
import type { BidRequest } from '../openrtb/types.ts';
import { defaultScenarioPath, loadScenario } from '../simulator/dsp/scenario.ts';
import { type RunningDsps, startDspServers } from '../simulator/dsp/server.ts';
import { seededRandom } from '../simulator/random.ts';
import { generateRequest } from '../simulator/traffic/request-generator.ts';
import { bidding, originOf, type Script } from './support/scripted-dsp.ts';
import { startTestGavel, type TestGavel } from './support/test-gavel.ts';

const AUCTIONS = 300;
const BATCH = 20;

/** Now and then a bid without markup, whose forfeit clears the auction a second time. */
const forfeiting: Script = (request, response) => {
  const parts = { price: 50, adm: undefined, nurl: `${originOf(response)}/win`, w: undefined, h: undefined };
  bidding(request.id.endsWith('7') ? parts : { ...parts, nurl: undefined })(request, response);
};

/** Now and then a bid by click or by conversion, which the models rank. */
function biddingNowAndThen(lastDigit: string, price: number): Script {
  return (request, response) => {
    if (request.id.endsWith(lastDigit)) bidding({ price, w: undefined, h: undefined })(request, response);
    else response.writeHead(204).end();
  };
}

/** The generator's second-price requests, and now and then first price or euros only. */
function variedRequest(index: number): BidRequest {
  const request = generateRequest(seededRandom(7).fork('replay'), index);
  // The win notice URLs of this test are plain http.
  if (index % 10 === 7) return { ...request, tmax: 2000, imp: request.imp.map((imp) => ({ ...imp, secure: 0 })) };
  return { ...request, at: index % 5 === 0 ? 1 : 2, cur: index % 7 === 0 ? ['EUR'] : request.cur!, tmax: 2000 };
}

describe('the events of generated traffic', () => {
  let dsps: RunningDsps;
  let gavel: TestGavel;
  let events: AuctionEvent[];

  beforeAll(async () => {
    dsps = await startDspServers({ scenario: loadScenario(defaultScenarioPath()), count: 20 });
    gavel = await startTestGavel({
      dsps: {
        forfeiting,
        clicks: { bid: biddingNowAndThen('3', 5), config: { pricing: 'cpc' } },
        conversions: { bid: biddingNowAndThen('8', 50), config: { pricing: 'cpa' } },
      },
      otherDsps: dsps.endpoints,
      config: {
        // Every request is to be auctioned, however slow the machine is.
        'admission.enabled': false,
        'dspDefaults.timeoutMs': 1000,
        'dspDefaults.callsPerSecond': 100,
        'currencies.rates': { EUR: 0.9 },
        'learnedReserve.estimator': 'empirical',
        'estimation.model.source': 'bundle',
        'estimation.conversionModel.source': 'bundle',
        'learnedReserve.observationsMin': 30,
        'learnedReserve.stepIntervalMs': 100,
        floors: [{ country: 'DEU', floorCpmMicros: 1_111_111 }],
      },
    });
    for (let start = 0; start < AUCTIONS; start += BATCH) {
      const batch = Array.from({ length: BATCH }, (_, offset) => gavel.post(variedRequest(start + offset)));
      for (const answer of await Promise.all(batch)) expect(answer.status).toBe(200);
    }
    events = await gavel.allEvents(AUCTIONS);
  });
  afterAll(async () => {
    await gavel?.close();
    await dsps?.close();
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
