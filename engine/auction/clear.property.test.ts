import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clearAuction } from './clear.ts';
import { LOSSES, lossReasonOf, REFUSALS, type VerdictReason } from './reasons.ts';
import { BANNER, buildInput, TIMED_MEDIA } from './testing/build-input.ts';
import type { AuctionInput, AuctionOutcome, BidCandidate, Mechanism } from './types.ts';

const RUNS = { numRuns: 300 };

/** Prices from a small range, so that ties are common. */
const price = fc.integer({ min: 1, max: 40 }).map((steps) => steps * 100_000);

const independentBid: fc.Arbitrary<Partial<BidCandidate>> = fc.record({
  priceMicros: price,
  pricing: fc.constant('cpm' as const),
  dealId: fc.constantFrom(null, null, null, 'second', 'fixed', 'first'),
  currency: fc.constantFrom('USD', 'USD', 'EUR'),
  dspId: fc.constantFrom('dsp-1', 'dsp-2', 'dsp-3', 'dsp-4', 'dsp-5'),
  seat: fc.constantFrom(null, 's1', 's2'),
  impId: fc.constantFrom('1', '2'),
});

const clickBid = independentBid.chain((bid) =>
  fc
    .record({
      ctr: fc.double({ min: 0.001, max: 0.2, noNaN: true }),
      quality: fc.constantFrom(1, 0.5, 1.7),
      click: fc.integer({ min: 1, max: 2_000_000 }),
    })
    .map(({ ctr, quality, click }) => ({ ...bid, pricing: 'cpc' as const, ctr, quality, priceMicros: click })),
);

const conversionBid = clickBid.chain((bid) =>
  fc
    .record({ cvr: fc.double({ min: 0.002, max: 0.5, noNaN: true }), perClick: fc.integer({ min: 2, max: 100 }) })
    .map(({ cvr, perClick }) => ({
      ...bid,
      pricing: 'cpa' as const,
      cvr,
      priceMicros: bid.priceMicros * perClick,
    })),
);

const anyBid = fc.oneof(independentBid, clickBid, conversionBid);

const floor = fc.integer({ min: 0, max: 20 }).map((steps) => steps * 100_000);

interface Setting {
  readonly mechanism: Mechanism;
  readonly slotWeights: readonly number[];
  readonly dealOrder: 'deal_first' | 'price_first';
  readonly floorCpmMicros: number;
  readonly increment: number;
}

const setting: fc.Arbitrary<Setting> = fc.record({
  mechanism: fc.constantFrom<Mechanism>('gsp', 'vcg', 'first_price'),
  slotWeights: fc.constantFrom([1], [1], [1, 0.6, 0.3], [0.3, 0.2, 0.1]),
  dealOrder: fc.constantFrom('deal_first' as const, 'price_first' as const),
  floorCpmMicros: floor,
  increment: fc.constantFrom(0, 10_000),
});

function inputOf(options: Setting, bids: readonly Partial<BidCandidate>[]): AuctionInput {
  const deals = [
    { id: 'second', auctionType: null, floorCpmMicros: 500_000 },
    { id: 'fixed', auctionType: 3, floorCpmMicros: 700_000 },
    { id: 'first', auctionType: 1, floorCpmMicros: 200_000 },
  ] as const;
  const imp = {
    slotWeights: options.slotWeights,
    requestFloorCpmMicros: options.floorCpmMicros,
    deals: deals as never,
  };
  return buildInput({
    mechanism: options.mechanism,
    conversionRates: { EUR: 1.1 },
    policy: {
      dealOrder: options.dealOrder,
      incrementCpmMicros: options.increment,
      incrementClickMicros: options.increment / 100,
      incrementConversionMicros: options.increment,
      maximumCpmMicros: Number.MAX_SAFE_INTEGER,
    },
    imps: [
      { ...imp, id: '1' },
      { ...imp, id: '2' },
    ],
    bids: bids.map((bid, i) => ({ ...bid, bidId: `bid-${i}` })),
  });
}

const independents = fc.array(anyBid, { maxLength: 12 });
/** Groups of up to four over two imps, beside independents. */
const withGroups = fc.array(
  fc.tuple(anyBid, fc.constantFrom(null, null, 'g1', 'g2')).map(([bid, groupKey]) => ({ ...bid, groupKey })),
  { maxLength: 12 },
);

function priceUnit(bid: BidCandidate, outcome: AuctionOutcome): number | undefined {
  return outcome.wins.find((win) => win.bidIndex === bid.index)?.clearingPriceMicrosInBidCurrency;
}

describe('clearAuction properties', () => {
  it('every win pays at most its bid and at least its reserve', () => {
    fc.assert(
      fc.property(setting, withGroups, (options, bids) => {
        const input = inputOf(options, bids);
        for (const win of clearAuction(input).wins) {
          const bid = input.bids[win.bidIndex]!;
          expect(win.clearingPriceMicrosInBidCurrency).toBeLessThanOrEqual(bid.priceMicros);
          expect(win.clearingCpmMicros).toBeGreaterThanOrEqual(win.reserveCpmMicros);
          expect(Number.isSafeInteger(win.clearingCpmMicros)).toBe(true);
        }
      }),
      RUNS,
    );
  });

  it('every bid has exactly one verdict, won if and only if it is among the wins', () => {
    fc.assert(
      fc.property(setting, withGroups, (options, bids) => {
        const input = inputOf(options, bids);
        const outcome = clearAuction(input);
        expect(outcome.bids.map((verdict) => verdict.bidIndex)).toEqual(input.bids.map((bid) => bid.index));
        const won = outcome.bids.filter((verdict) => verdict.status === 'won').map((verdict) => verdict.bidIndex);
        expect(outcome.wins.map((win) => win.bidIndex).sort()).toEqual(won.sort());
        for (const verdict of outcome.bids) {
          expect(verdict.lossReason).toBe(lossReasonOf(verdict.reason as VerdictReason));
          const expected = verdict.reason === 'won' ? 'won' : verdict.reason in REFUSALS ? 'refused' : 'lost';
          expect(verdict.status).toBe(expected);
          if (expected === 'lost') expect(LOSSES).toHaveProperty(verdict.reason);
        }
      }),
      RUNS,
    );
  });

  it('the order of arrival never matters, duplicates and twins included', () => {
    const twins = fc.tuple(setting, withGroups, fc.infiniteStream(fc.nat())).chain(([options, bids, picks]) => {
      const input = inputOf(options, bids);
      const doubled = input.bids.concat(
        input.bids.slice(0, 3).map((bid, i) => ({
          ...bid,
          index: input.bids.length + i,
          priceMicros: picks.next().value! % 2 === 0 ? bid.priceMicros : bid.priceMicros + 100_000,
          creativeId: `other-${i % 2}`,
        })),
      );
      return fc.tuple(
        fc.constant({ ...input, bids: doubled }),
        fc.shuffledSubarray(doubled, { minLength: doubled.length }),
      );
    });
    fc.assert(
      fc.property(twins, ([input, shuffled]) => {
        const outcome = clearAuction(input);
        const other = clearAuction({ ...input, bids: shuffled });
        expect(other.wins).toEqual(outcome.wins);
        expect([...other.bids].sort((a, b) => a.bidIndex - b.bidIndex)).toEqual(outcome.bids);
      }),
      RUNS,
    );
  });

  it('a bid that rises keeps its win or gains one, at a position no worse', () => {
    fc.assert(
      fc.property(setting, independents, fc.nat(), fc.integer({ min: 1, max: 30 }), (options, bids, pick, steps) => {
        fc.pre(bids.length > 0);
        const input = inputOf(options, bids);
        const index = pick % bids.length;
        const before = clearAuction(input).wins.find((win) => win.bidIndex === index);
        const after = clearAuction(raise(input, index, steps)).wins.find((win) => win.bidIndex === index);
        if (before === undefined) return;
        expect(after).toBeDefined();
        expect(after!.position).toBeLessThanOrEqual(before.position);
      }),
      RUNS,
    );
  });

  it('a group that raises a bid keeps its win', () => {
    fc.assert(
      fc.property(setting, withGroups, fc.nat(), fc.integer({ min: 1, max: 30 }), (options, bids, pick, steps) => {
        fc.pre(bids.length > 0);
        const input = inputOf({ ...options, slotWeights: [1] }, bids);
        const index = pick % bids.length;
        if (clearAuction(input).bids[index]!.status !== 'won') return;
        expect(clearAuction(raise(input, index, steps)).bids[index]!.status).toBe('won');
      }),
      RUNS,
    );
  });

  it('raising a loser that stays a loser never lowers a price or changes a winner', () => {
    fc.assert(
      fc.property(setting, independents, fc.nat(), fc.integer({ min: 1, max: 10 }), (options, bids, pick, steps) => {
        fc.pre(bids.length > 0);
        const input = inputOf(options, bids);
        const index = pick % bids.length;
        const before = clearAuction(input);
        const raised = raise(input, index, steps);
        const after = clearAuction(raised);
        if (before.bids[index]!.status === 'won' || after.bids[index]!.status === 'won') return;
        expect(after.wins.map((win) => win.bidIndex)).toEqual(before.wins.map((win) => win.bidIndex));
        for (const win of before.wins) {
          const bid = input.bids[win.bidIndex]!;
          expect(priceUnit(bid, after)).toBeGreaterThanOrEqual(priceUnit(bid, before)!);
        }
      }),
      RUNS,
    );
  });

  it('no VCG payment, and so no sum of them, exceeds the GSP payment for the same bids', () => {
    fc.assert(
      fc.property(setting, independents, (options, bids) => {
        const gsp = clearAuction(inputOf({ ...options, mechanism: 'gsp' }, bids));
        const vcg = clearAuction(inputOf({ ...options, mechanism: 'vcg' }, bids));
        expect(vcg.wins.map((win) => win.bidIndex)).toEqual(gsp.wins.map((win) => win.bidIndex));
        vcg.wins.forEach((win, i) => {
          expect(win.clearingCpmMicros).toBeLessThanOrEqual(gsp.wins[i]!.clearingCpmMicros);
        });
      }),
      RUNS,
    );
  });

  it('a loser that bids a micro more than its minimum to win, wins (first price)', () => {
    fc.assert(
      fc.property(floor, fc.array(price, { minLength: 2, maxLength: 6 }), (floorCpmMicros, prices) => {
        const input = buildInput({
          imps: [{ requestFloorCpmMicros: floorCpmMicros }],
          mechanism: 'first_price',
          bids: prices.map((priceMicros) => ({ priceMicros })),
        });
        for (const verdict of clearAuction(input).bids) {
          if (verdict.status !== 'lost') continue;
          const bids = input.bids.map((bid) =>
            bid.index === verdict.bidIndex ? { ...bid, priceMicros: verdict.minimumToWinMicros! + 1 } : bid,
          );
          expect(clearAuction({ ...input, bids }).wins[0]!.bidIndex).toBe(verdict.bidIndex);
        }
      }),
      RUNS,
    );
  });

  it('the second price of a bid by click or conversion is the least whole micro that keeps its rank', () => {
    const thousandths = fc.integer({ min: 1, max: 1000 });
    const bid = fc.record({
      pricing: fc.constantFrom('cpc' as const, 'cpa' as const),
      clicks: thousandths,
      conversions: thousandths,
    });
    const micros = (max: number) => fc.integer({ min: 1, max });
    fc.assert(
      fc.property(
        bid,
        micros(50_000_000),
        micros(20_000_000),
        micros(20_000_000),
        (terms, priceMicros, other, floorCpmMicros) => {
          const { pricing, clicks, conversions } = terms;
          // A thousand impressions bring this many thousandths of what is paid for.
          const units = BigInt(pricing === 'cpc' ? clicks * 1000 : clicks * conversions);
          const ecpm = (unitMicros: number) => Number((BigInt(unitMicros) * units) / 1000n);
          fc.pre(ecpm(priceMicros) > other && ecpm(priceMicros) >= floorCpmMicros);
          const { wins } = clearAuction(
            buildInput({
              imps: [{ requestFloorCpmMicros: floorCpmMicros }],
              policy: { maximumCpmMicros: Number.MAX_SAFE_INTEGER },
              bids: [{ pricing, priceMicros, ctr: clicks / 1000, cvr: conversions / 1000 }, { priceMicros: other }],
            }),
          );
          const target = BigInt(Math.max(other, floorCpmMicros)) * 1000n;
          const least = Number((target + units - 1n) / units);
          expect(wins).toMatchObject([{ bidIndex: 0, clearingUnitMicros: least, clearingCpmMicros: ecpm(least) }]);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('never throws for arbitrary candidates, and refuses what cannot be ranked', () => {
    const oddNumber = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(0, -1, NaN, Infinity, 2 ** 53, 1));
    const oddText = fc.oneof(fc.string(), fc.constantFrom('1', '__proto__', 'constructor', 'USD', 'a.', 'com'));
    const odd = fc.record(
      {
        impId: fc.oneof(fc.constant('1'), oddText),
        dspId: oddText,
        seat: fc.option(oddText),
        groupKey: fc.option(oddText),
        bidId: oddText,
        dealId: fc.option(oddText),
        pricing: fc.constantFrom('cpm' as const, 'cpc' as const, 'cpa' as const),
        priceMicros: fc.oneof(oddNumber, fc.integer({ min: 1, max: 1e9 })),
        currency: oddText,
        ctr: oddNumber,
        cvr: oddNumber,
        quality: oddNumber,
        advertiserDomains: fc.array(oddText, { maxLength: 3 }),
        categories: fc.array(oddText, { maxLength: 3 }),
        categoryTaxonomy: oddNumber,
        attributes: fc.array(oddNumber, { maxLength: 3 }),
        language: fc.option(oddText),
        width: fc.option(oddNumber),
        height: fc.option(oddNumber),
        durationSec: fc.option(oddNumber),
        declaredMedia: fc.constantFrom(
          null,
          'unknown' as const,
          'banner' as const,
          'video' as const,
          'native' as const,
        ),
        sniffedMedia: fc.constantFrom(null, 'html' as const, 'vast' as const, 'daast' as const, 'native' as const),
        hasMarkup: fc.boolean(),
        hasWinNoticeUrl: fc.boolean(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(odd, { maxLength: 8 }), setting, (bids, options) => {
        const input = buildInput({
          mechanism: options.mechanism,
          imps: [{ slotWeights: options.slotWeights, banner: BANNER, video: TIMED_MEDIA }],
          blockedAdvertisers: ['com', ''],
          blockedCategories: ['IAB7', '', '1'],
          allowedLanguages: ['en'],
          bids,
        });
        const outcome = clearAuction(input);
        expect(outcome.bids).toHaveLength(bids.length);
        for (const win of outcome.wins) {
          expect(Number.isSafeInteger(win.clearingCpmMicros)).toBe(true);
          expect(Number.isSafeInteger(win.clearingUnitMicros)).toBe(true);
          expect(win.clearingPriceMicrosInBidCurrency).toBeLessThanOrEqual(input.bids[win.bidIndex]!.priceMicros);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

function raise(input: AuctionInput, index: number, steps: number): AuctionInput {
  const bids = input.bids.map((bid) =>
    bid.index === index
      ? { ...bid, priceMicros: bid.priceMicros + steps * (bid.pricing === 'cpm' ? 100_000 : 20_000) }
      : bid,
  );
  return { ...input, bids };
}
