import type { MeasuredCosts } from './measured-costs.ts';

/** Measured on two virtual cores of an AMD EPYC under Node 20; commits, loads and methods are in docs/scale.md. */
export const REFERENCE_COSTS: MeasuredCosts = {
  auctionFixedUs: 2574,
  callUs: 84.7,
  drainEventUs: 26.6,
  ledgerEventsPerSec: 37_700,
  ledgerEventUs: 11.9,
  counterEventUs: 20.3,
  counterRedisUs: 25.5,
  archiveEventUs: 12.2,
  frequencyRedisUs: 37.7,
  leaseRedisUs: 43.7,
};
