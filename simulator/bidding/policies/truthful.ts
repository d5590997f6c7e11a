import type { BiddingPolicy } from '../bidding-policy.ts';

/**
 * What the impression is worth: its CTR times the value of a click. With a value chosen for the campaign this is the
 * published `truth`; with the price that clicks came to in training, `mcpc`, which so keeps the cost per click below it.
 */
export function truthful(clickValue: number): BiddingPolicy {
  return { bid: ({ ctr }) => Math.floor(ctr * clickValue) };
}
