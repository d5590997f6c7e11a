/**
 * How much of an account one process may hold. Big leases are few calls; small ones are little money in the wrong place.
 *
 * A lease is what its process spends in some seconds, but at most `share x B_r / 10`, where `B_r` is what is left of
 * the account and `share` the part that this process has in the demand of all. With S processes alike this is
 * A = B_r / (S x 10). While a budget is young the bound lies far above what is wanted; towards its end it shrinks
 * geometrically with what is left, down to one clearing price, below which a lease buys nothing.
 *
 * Following demand instead of dividing by S is what lets one hot process and seven cold ones spend it all: the cold ones
 * hold a clearing price each, the hot one the rest. `grant` in `adapters/budget-store/redis-scripts.ts` computes the same.
 */

/** No lease takes more than this part of what is left, so that others find something too. */
export const LEASE_PART_OF_REMAINING = 10;

export interface LeaseSizeInputs {
  readonly wanted: number;
  /** One clearing price. */
  readonly amountMin: number;
  /** Of the asker in the demand of all, 0 to 1. */
  readonly share: number;
  /** Of the tranche: more cannot be given. */
  readonly remaining: number;
  /** Outside of the tranche. */
  readonly budgetLeft: number;
}

/** 0: what remains is of no use to the asker. All inputs and the result are safe integers, but for the share. */
export function leaseAmount({ wanted, amountMin, share, remaining, budgetLeft }: LeaseSizeInputs): number {
  if (remaining < amountMin) return 0;
  const bound = Math.floor((share * (remaining + budgetLeft)) / LEASE_PART_OF_REMAINING);
  return Math.min(remaining, Math.max(amountMin, Math.min(wanted, bound)));
}

/** A tranche serves so many leases of every process before the ledger is asked again. */
const TRANCHE_LEASES = 12;

/**
 * What to park in the store. This is T, the most that a lost store strands, until the next tranche is opened: twelve
 * times what all processes want at once, which at the defaults is a minute of spend.
 */
export function trancheAmount(demand: number): number {
  return Math.min(Number.MAX_SAFE_INTEGER, demand * TRANCHE_LEASES);
}
