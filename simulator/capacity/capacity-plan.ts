import type { MeasuredCosts } from './measured-costs.ts';
import { meanWaitMs, poissonQuantile, serversFor, underWay } from './queueing.ts';
import { growthBuffer, planRegions, type RegionPlan, shedWithoutHeadroom } from './regions.ts';
import { type SingleStore, singleStores } from './single-stores.ts';
import type { Workload } from './workload.ts';

/** What a fleet needs for a workload. */
export interface CapacityPlan {
  readonly auctionsPerSec: number;
  readonly engines: EnginePlan;
  readonly regions: readonly RegionPlan[];
  /** Of all traffic, refused at first when the largest region is lost and the others have room for growth only. */
  readonly shedWithoutHeadroom: number;
  readonly dsps: DspPlan;
  readonly events: EventPlan;
  /** Cores of Redis for counters, frequency caps and leases, if they could be divided at will. */
  readonly redisShards: number;
  /** PostgreSQLs for bills, likewise. */
  readonly ledgers: number;
  readonly network: NetworkPlan;
  /** The fullest first. */
  readonly singleStores: readonly SingleStore[];
}

export interface EnginePlan {
  readonly cpuUsPerAuction: number;
  readonly auctionsPerSecPerCore: number;
  /** What the peak keeps busy, without any room. */
  readonly coresBusy: number;
  /** For the peak alone; with the buffer for growth; with regions that can be lost. */
  readonly machinesForPeak: number;
  readonly machinesForGrowth: number;
  readonly machines: number;
  readonly growthBufferAuctionsPerSec: number;
  /** Mean wait for a core at that utilisation, and while a region is lost. */
  readonly waitMs: number;
  readonly waitMsInFailure: number;
}

export interface DspPlan {
  readonly callsPerSec: number;
  readonly callsPerSecPerDsp: number;
  /** From all engines to one DSP: mean, and what processes open so that one call of a thousand waits. */
  readonly callsUnderWayPerDsp: number;
  readonly connectionsPerProcess: number;
  readonly connectionsPerDsp: number;
  readonly auctionsUnderWayPerProcess: number;
}

export interface EventPlan {
  readonly eventsPerSec: number;
  readonly bytesPerSec: number;
  readonly kafkaPartitions: number;
  readonly partitionsBoundBy: 'bytes' | 'events';
  /** Of consumers that bill, count and archive. */
  readonly consumerCores: number;
}

export interface NetworkPlan {
  readonly outGbit: number;
  readonly inGbit: number;
  /** The busier direction, of a machine at `utilisationMaxInFailure`, by what it has. */
  readonly shareOfMachine: number;
}

export function planCapacity(workload: Workload, costs: MeasuredCosts): CapacityPlan {
  const cpuUs = cpuUsPerAuction(workload, costs);
  const machineRate = (workload.coresPerMachine * 1e6) / cpuUs;
  const regions = planRegions(workload, machineRate);
  const engines = planEngines(workload, cpuUs, regions);
  const processes = engines.machines * workload.coresPerMachine;
  const stores = singleStores(workload, costs, processes);
  const { utilisationMax } = workload;
  const loadOf = (kind: string): number =>
    stores.filter(({ name }) => name.startsWith(kind)).reduce((sum, { load }) => sum + load, 0);
  return {
    auctionsPerSec: workload.auctionsPerSec,
    engines,
    regions,
    shedWithoutHeadroom: shedWithoutHeadroom(workload),
    dsps: planDsps(workload, engines, processes),
    events: planEvents(workload, costs),
    redisShards: serversFor(loadOf('Redis'), 1, utilisationMax),
    ledgers: serversFor(loadOf('PostgreSQL'), 1, utilisationMax),
    network: planNetwork(workload, machineRate),
    singleStores: stores.toSorted((a, b) => b.load - a.load),
  };
}

/** Measured without Kafka: sending events there comes on top. */
function cpuUsPerAuction({ callsPerAuction, adEventsPerAuction }: Workload, costs: MeasuredCosts): number {
  const drain = (1 + adEventsPerAuction) * costs.drainEventUs;
  return costs.auctionFixedUs + costs.callUs * callsPerAuction + drain;
}

function planEngines(workload: Workload, cpuUs: number, regions: readonly RegionPlan[]): EnginePlan {
  const { auctionsPerSec, utilisationMax, utilisationMaxInFailure, coresPerMachine } = workload;
  const perCore = 1e6 / cpuUs;
  const machinesFor = (ratePerSec: number): number => serversFor(ratePerSec, perCore * coresPerMachine, utilisationMax);
  const growth = growthBuffer(workload);
  return {
    cpuUsPerAuction: cpuUs,
    auctionsPerSecPerCore: perCore,
    coresBusy: auctionsPerSec / perCore,
    machinesForPeak: machinesFor(auctionsPerSec),
    machinesForGrowth: machinesFor(auctionsPerSec + growth),
    machines: regions.reduce((sum, { machines }) => sum + machines, 0),
    growthBufferAuctionsPerSec: growth,
    waitMs: meanWaitMs(utilisationMax, cpuUs / 1000),
    waitMsInFailure: meanWaitMs(utilisationMaxInFailure, cpuUs / 1000),
  };
}

/** One call of so many finds all connections of its process busy. */
const BURST = 0.999;

/** Connections are for the busiest hour a process may have: while a region is lost. */
function planDsps(workload: Workload, engines: EnginePlan, processes: number): DspPlan {
  const { auctionsPerSec, callsPerAuction, dsps, dspLatencyMs, auctionMs, utilisationMaxInFailure } = workload;
  const processRate = engines.auctionsPerSecPerCore * utilisationMaxInFailure;
  const callsPerDsp = callsPerAuction / dsps;
  const connectionsPerProcess = poissonQuantile(underWay(processRate * callsPerDsp, dspLatencyMs), BURST);
  return {
    callsPerSec: auctionsPerSec * callsPerAuction,
    callsPerSecPerDsp: auctionsPerSec * callsPerDsp,
    callsUnderWayPerDsp: underWay(auctionsPerSec * callsPerDsp, dspLatencyMs),
    connectionsPerProcess,
    connectionsPerDsp: connectionsPerProcess * processes,
    auctionsUnderWayPerProcess: underWay(processRate, auctionMs),
  };
}

function planEvents(workload: Workload, costs: MeasuredCosts): EventPlan {
  const { auctionsPerSec, adEventsPerAuction, auctionEventBytes, adEventBytes, utilisationMax } = workload;
  const eventsPerSec = auctionsPerSec * (1 + adEventsPerAuction);
  const bytesPerSec = auctionsPerSec * (auctionEventBytes + adEventsPerAuction * adEventBytes);
  const byBytes = serversFor(bytesPerSec, workload.partitionBytesPerSec, utilisationMax);
  const byEvents = serversFor(eventsPerSec, workload.partitionEventsPerSec, utilisationMax);
  const consumerUs = costs.ledgerEventUs + costs.counterEventUs + costs.archiveEventUs;
  return {
    eventsPerSec,
    bytesPerSec,
    kafkaPartitions: Math.max(byBytes, byEvents),
    partitionsBoundBy: byBytes >= byEvents ? 'bytes' : 'events',
    consumerCores: serversFor(eventsPerSec, 1e6 / consumerUs, utilisationMax),
  };
}

function planNetwork(workload: Workload, machineRate: number): NetworkPlan {
  const { auctionsPerSec, callsPerAuction } = workload;
  const eventBytes = workload.auctionEventBytes + workload.adEventsPerAuction * workload.adEventBytes;
  const outBytes = callsPerAuction * workload.callBytes + workload.answerBytes + eventBytes;
  const inBytes = callsPerAuction * workload.bidBytes + workload.requestBytes;
  const gbit = (bytes: number, ratePerSec: number): number => (bytes * 8 * ratePerSec) / 1e9;
  const busiest = gbit(Math.max(outBytes, inBytes), machineRate * workload.utilisationMaxInFailure);
  return {
    outGbit: gbit(outBytes, auctionsPerSec),
    inGbit: gbit(inBytes, auctionsPerSec),
    shareOfMachine: busiest / workload.networkGbitPerMachine,
  };
}
