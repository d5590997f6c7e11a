/**
 * Estimators of Myerson's optimal reserve (Myerson 1981): the price r that maximises r x (1 - F(r)), F being the
 * distribution of one bidder's value. It does not depend on the number of bidders.
 *
 * This is the place to change the reserve rule: write an estimator in a file of its own, give it a name here, and name
 * it in the configuration.
 */
import { empiricalReserve } from './empirical.ts';
import { exponentialReserve } from './exponential.ts';
import { logNormalReserve } from './log-normal.ts';
import { uniformReserve } from './uniform.ts';

/**
 * Reserve in the unit of the values, not rounded; 0 when they tell nothing. Reads `values[0 .. count)`, positive, in no
 * particular order, and must not change them.
 */
export type ReserveEstimator = (values: Float64Array, count: number) => number;

export const RESERVE_ESTIMATORS = {
  exponential: exponentialReserve,
  uniform: uniformReserve,
  'log-normal': logNormalReserve,
  empirical: empiricalReserve,
} as const satisfies Record<string, ReserveEstimator>;

export type ReserveEstimatorName = keyof typeof RESERVE_ESTIMATORS;
