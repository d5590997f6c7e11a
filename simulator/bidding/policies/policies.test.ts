import { expect, it } from 'vitest';
import type { BidOpportunity } from '../bidding-policy.ts';
import { constant } from './constant.ts';
import { blindValueBidder, valueBidder } from './dynamic-programme.ts';
import { EcpcControl, type EcpcRound } from './ecpc-control.ts';
import { linear } from './linear.ts';
import { ortb } from './ortb.ts';
import { sam2 } from './sam2.ts';
import { truthful } from './truthful.ts';
import { ValueTable } from './value-table.ts';

const at = (ctr: number, budgetLeft = Number.POSITIVE_INFINITY, auctionsLeft = 1): BidOpportunity => ({
  ctr,
  budgetLeft,
  auctionsLeft,
});

it('bids what the formulas say', () => {
  expect(constant(5).bid(at(0.9))).toBe(5);
  expect(truthful(14_205.7).bid(at(0.002))).toBe(28);
  expect(linear({ bidAtAverage: 10, ctrAverage: 0.004 }).bid(at(0.0021))).toBe(5);
  // sqrt(0.002 * 32 * 290 / 0.004 + 1024) - 32 = sqrt(5664) - 32 = 43.26
  expect(ortb({ bidAtAverage: 290, ctrAverage: 0.004, curvature: 32 }).bid(at(0.002))).toBe(43);
  // sqrt(1000 * 32 * 0.002 * 7 + 1024) - 32 = sqrt(1472) - 32 = 6.37
  expect(sam2({ clickValue: 1000, multiplier: 7, curvature: 32 }).bid(at(0.002))).toBe(6);
});

/** Price 0 never, 1 and 2 equally often; a click in half the impressions. */
const TABLE = { budget: 2, bidMax: 2, priceChances: [0, 0.5, 0.5], ctrAverage: 0.5 };

it('values budgets as by hand', () => {
  // V(1, 1) = 0.5 * 0.5 = 0.25, V(1, 2) = 0.25 + 0.25 = 0.5.
  // V(2, 1) = 0.25 + 0.5 * max(0, 0.5 - 0.25) = 0.375
  // V(2, 2) = 0.5 + 0.5 * (0.5 + 0.25 - 0.5) + 0.5 * (0.5 + 0 - 0.5) = 0.625
  const values = new ValueTable({ ...TABLE, auctions: 3 });
  const rlb = valueBidder(values);
  // The last auction: nothing comes behind it, whatever the CTR.
  expect([0, 1, 2].map((budget) => rlb.bid(at(0.001, budget, 1)))).toEqual([0, 1, 2]);
  // One behind it: price 1 of a budget of 2 costs 0.5 - 0.25 clicks, price 2 costs 0.5.
  expect([0.24, 0.25, 0.49, 0.5].map((ctr) => rlb.bid(at(ctr, 2, 2)))).toEqual([0, 1, 1, 2]);
  // Two behind it: 0.625 - 0.375 for price 1, 0.625 for price 2; with a budget of 1, 0.375.
  expect([0.24, 0.25, 0.624, 0.625].map((ctr) => rlb.bid(at(ctr, 2, 3)))).toEqual([0, 1, 1, 2]);
  expect([0.37, 0.375].map((ctr) => rlb.bid(at(ctr, 1, 3)))).toEqual([0, 1]);
});

it('bids without a look at the CTR in ss_mdp', () => {
  const policy = blindValueBidder(new ValueTable({ ...TABLE, auctions: 3 }));
  expect([0, 1].map((ctr) => policy.bid(at(ctr, 2, 2)))).toEqual([2, 2]);
  expect([0, 1].map((ctr) => policy.bid(at(ctr, 2, 3)))).toEqual([1, 1]);
});

it('gives an empty purse no value, although some impressions are free', () => {
  const values = new ValueTable({ auctions: 2, budget: 1, bidMax: 1, priceChances: [0.5, 0.5], ctrAverage: 0.5 });
  // V(1, 1) = 0.5, V(1, 0) = 0: the last unit is worth 0.5 clicks, were free impressions counted it would be 0.25.
  expect(valueBidder(values).bid(at(0.49, 1, 2))).toBe(0);
});

it('takes budgets and horizons that no table has as the nearest', () => {
  const policy = valueBidder(new ValueTable({ ...TABLE, auctions: 3 }));
  expect(policy.bid(at(0.25, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY))).toBe(1);
  expect(policy.bid(at(0.25, 2.9, 0))).toBe(2);
});

it('makes no table that does not fit', () => {
  expect(() => new ValueTable({ ...TABLE, auctions: 1000, budget: 1e9 })).toThrow(/the limit is/);
});

it('steers the cost of clicks as by hand', () => {
  const rounds: EcpcRound[] = [];
  const policy = new EcpcControl({
    ecpcReference: 100,
    auctionsPerRound: 2,
    bidAtAverage: 10,
    ctrAverage: 0.01,
    bidMin: 5,
    firstBid: 1000,
    gains: { proportional: 0.01, integral: 0.001, derivative: 0.002 },
    phiMin: -2,
    phiMax: 0.5,
    onRound: (round) => rounds.push(round),
  });
  const won = (price: number, isClicked: boolean) => policy.learn({ isWon: true, price, isClicked });
  const lost = () => policy.learn({ isWon: false, price: 0, isClicked: false });

  expect(policy.bid(at(0.01))).toBe(1000);
  won(100, true);
  expect(policy.bid(at(0.99))).toBe(1000);
  won(60, false);
  // eCPC 160 / 2 = 80: error 20, phi = 0.01 * 20 + 0.001 * 20 = 0.22
  expect(policy.bid(at(0.02))).toBeCloseTo(20 * Math.exp(0.22), 12);
  expect(policy.bid(at(0.001))).toBe(5);
  won(120, false);
  lost();
  // eCPC 280 / 2 = 140: error -40, sum -20, phi = -0.4 - 0.02 + 0.002 * (80 - 140) = -0.54
  expect(policy.bid(at(0.02))).toBeCloseTo(20 * Math.exp(-0.54), 12);
  won(0, true);
  won(0, true);
  // eCPC 280 / 4 = 70: error 30, sum 10, phi = 0.3 + 0.01 + 0.002 * 70 = 0.45, then 35 and more: held at 0.5
  expect(policy.bid(at(0.02))).toBeCloseTo(20 * Math.exp(0.45), 12);
  for (let click = 0; click < 4; click++) won(0, true);
  expect(policy.bid(at(0.02))).toBeCloseTo(20 * Math.exp(0.5), 12);
  expect(rounds.slice(0, 2)).toEqual([
    { round: 0, ecpc: 80, phi: 0, clicks: 1, wins: 2, cost: 160 },
    { round: 1, ecpc: 140, phi: 0.22, clicks: 1, wins: 3, cost: 280 },
  ]);
});
