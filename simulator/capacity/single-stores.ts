import type { MeasuredCosts } from './measured-costs.ts';
import type { Workload } from './workload.ts';

/** Something there is one of in a deployment of this release, however many engines share it. */
export interface SingleStore {
  readonly name: string;
  /** CPU that each second of this load takes of it, in cores; it has one (PostgreSQL: its measured rate counts as one). */
  readonly load: number;
  /** Auctions/s at which it is full, all else in proportion. */
  readonly fullAtAuctionsPerSec: number;
}

/** A lease of an account that is asked now and then pays eight prices and lasts two minutes; one that is busy, five seconds. */
const PRICES_OF_A_LEASE = 8;
const IDLE_LEASE_SEC = 120;
const BUSY_LEASE_SEC = 5;
/** A lease is confirmed in the ledger, and what is left of it taken back: counted as two events that are booked. */
const BOOKINGS_OF_A_LEASE = 2;

/** Loads of the stores that cannot be divided; docs/scale.md says why each cannot. */
export function singleStores(workload: Workload, costs: MeasuredCosts, processes: number): SingleStore[] {
  const { auctionsPerSec, adEventsPerAuction, cappedShare } = workload;
  const adEventsPerSec = auctionsPerSec * adEventsPerAuction;
  const leases = leasesPerSec(workload, processes);
  const loads = {
    'PostgreSQL of bills and leases': (adEventsPerSec + leases * BOOKINGS_OF_A_LEASE) / costs.ledgerEventsPerSec,
    'Redis of counters': (adEventsPerSec * costs.counterRedisUs) / 1e6,
    'Redis of frequency caps': (auctionsPerSec * cappedShare * costs.frequencyRedisUs) / 1e6,
    'Redis of budgets': (leases * costs.leaseRedisUs) / 1e6,
  };
  return Object.entries(loads).map(([name, load]) => ({
    name,
    load,
    fullAtAuctionsPerSec: auctionsPerSec / load,
  }));
}

/**
 * Leases that all processes fetch: every process has one of each campaign that is live, and fetches the next by time, or
 * for a campaign that sells well every five seconds.
 */
export function leasesPerSec(
  { auctionsPerSec, houseWinShare, campaigns }: Pick<Workload, 'auctionsPerSec' | 'houseWinShare' | 'campaigns'>,
  processes: number,
): number {
  const pairs = processes * campaigns;
  const byTime = pairs / IDLE_LEASE_SEC;
  const byWins = (auctionsPerSec * houseWinShare) / PRICES_OF_A_LEASE;
  return byTime + Math.min(byWins, pairs / BUSY_LEASE_SEC);
}
