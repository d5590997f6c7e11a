import { serversFor } from './queueing.ts';
import type { Workload } from './workload.ts';

export interface RegionPlan {
  /** Of the traffic. */
  readonly share: number;
  readonly machines: number;
  /** Most it carries: its own peak with growth, or that of the region lost on top. */
  readonly auctionsPerSecMax: number;
  readonly boundBy: 'growth' | 'lost-region';
}

/**
 * Machines of each region. Two things may happen, and not both at once: traffic rises faster than machines come, by growth x
 * provisioning time; or another region is lost, and the rest share its traffic as they share their own. For the latter
 * cores may be busier.
 */
export function planRegions(workload: Workload, machineRatePerSec: number): RegionPlan[] {
  const { auctionsPerSec, regionShares, utilisationMax, utilisationMaxInFailure } = workload;
  return regionShares.map((share, region) => {
    const grown = share * (auctionsPerSec + growthBuffer(workload));
    const failover = auctionsPerSec * failoverShare(regionShares, region);
    const forGrowth = serversFor(grown, machineRatePerSec, utilisationMax);
    const forFailover = serversFor(failover, machineRatePerSec, utilisationMaxInFailure);
    return {
      share,
      machines: Math.max(forGrowth, forFailover),
      auctionsPerSecMax: Math.max(grown, failover),
      boundBy: forGrowth >= forFailover ? 'growth' : 'lost-region',
    };
  });
}

/** Traffic that comes while machines are being provisioned. The same whatever the fleet, if the growth is. */
export function growthBuffer({ auctionsPerSec, growthPerSec, provisioningSec }: Workload): number {
  return auctionsPerSec * growthPerSec * provisioningSec;
}

/** What a region carries at worst when one of the others is lost: share / (1 - lost share). */
export function failoverShare(shares: readonly number[], region: number): number {
  const share = shares[region]!;
  const others = shares.filter((_, at) => at !== region && shares[at]! < 1);
  return others.reduce((most, lost) => Math.max(most, share / (1 - lost)), share);
}

/**
 * Share of the traffic that regions sized for their own peak (`utilisationMax`) have to refuse when the largest is lost, until
 * there are more machines.
 */
export function shedWithoutHeadroom({ regionShares, utilisationMax, utilisationMaxInFailure }: Workload): number {
  const surge = 1 / (1 - Math.max(...regionShares));
  return Math.max(0, 1 - utilisationMaxInFailure / (utilisationMax * surge));
}
