import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { planCapacity } from './capacity-plan.ts';
import { costsOf, type MeasuredCosts } from './measured-costs.ts';
import { capacityTable } from './plan-table.ts';
import { readFigures } from './read-figures.ts';
import { failoverShare, growthBuffer, planRegions, shedWithoutHeadroom } from './regions.ts';
import { leasesPerSec } from './single-stores.ts';
import { WORKLOAD_STANDARD, type Workload } from './workload.ts';

/** 1 ms of CPU by auction: 1,000 auctions/s by core. */
const COSTS: MeasuredCosts = {
  auctionFixedUs: 300,
  callUs: 10,
  drainEventUs: 50,
  ledgerEventsPerSec: 20_000,
  ledgerEventUs: 20,
  counterEventUs: 20,
  counterRedisUs: 25,
  archiveEventUs: 10,
  frequencyRedisUs: 100,
  leaseRedisUs: 40,
};
const WORKLOAD: Workload = {
  ...WORKLOAD_STANDARD,
  auctionsPerSec: 100_000,
  adEventsPerAuction: 3,
  utilisationMax: 0.5,
  utilisationMaxInFailure: 0.8,
  growthPerSec: 0.002,
  provisioningSec: 100,
  regionShares: [0.6, 0.3, 0.1],
  coresPerMachine: 10,
};

it('plans engines as by hand', () => {
  const { engines, regions } = planCapacity(WORKLOAD, COSTS);
  // 300 + 50 x 10 + 4 events x 50
  expect(engines.cpuUsPerAuction).toBe(1000);
  expect(engines.auctionsPerSecPerCore).toBe(1000);
  expect(engines.coresBusy).toBe(100);
  // 100,000 / (10 x 1,000 x 0.5); a fifth more for 0.2% a second during 100 s
  expect(engines.machinesForPeak).toBe(20);
  expect(engines.growthBufferAuctionsPerSec).toBe(20_000);
  expect(engines.machinesForGrowth).toBe(24);
  // For growth 14.4, 7.2 and 2.4 machines; with a region lost 60 / 70 (the second), 30 / 40 and 10 / 40 of 12.5.
  expect(regions.map(({ machines, boundBy }) => [machines, boundBy])).toEqual([
    [15, 'growth'],
    [10, 'lost-region'],
    [4, 'lost-region'],
  ]);
  expect(engines.machines).toBe(29);
  expect(engines.waitMs).toBe(0.5);
  expect(engines.waitMsInFailure).toBeCloseTo(2, 12);
});

it('plans calls, events, stores and network as by hand', () => {
  const plan = planCapacity(
    { ...WORKLOAD, dsps: 100, callsPerAuction: 50, dspLatencyMs: 25, callBytes: 2000, answerBytes: 1000 },
    COSTS,
  );
  expect(plan.dsps.callsPerSec).toBe(5_000_000);
  expect(plan.dsps.callsPerSecPerDsp).toBe(50_000);
  expect(plan.dsps.callsUnderWayPerDsp).toBe(1250);
  // A process at 0.8 of 1,000 auctions/s asks a DSP 400 times a second: 10 under way, 21 at once in 999 of 1,000 looks.
  expect(plan.dsps.connectionsPerProcess).toBe(21);
  expect(plan.dsps.connectionsPerDsp).toBe(21 * 290);
  expect(plan.dsps.auctionsUnderWayPerProcess).toBe(32);
  expect(plan.events.eventsPerSec).toBe(400_000);
  expect(plan.events.bytesPerSec).toBe(100_000 * (5050 + 3 * 300));
  // 595 MB/s of 5 MB/s, 400,000 of 4,700
  expect([plan.events.kafkaPartitions, plan.events.partitionsBoundBy]).toEqual([119, 'bytes']);
  // 400,000 x 50 us = 20 cores, half busy
  expect(plan.events.consumerCores).toBe(40);
  // 290 processes again: 15 of bills and 2.54 of leases, half full
  expect(plan.ledgers).toBe(36);
  // 100,000 x (50 x 2,000 + 1,000 + 5,950) x 8
  expect(plan.network.outGbit).toBeCloseTo(85.56, 9);
  // A machine at 0.8 of 10,000
  expect(plan.network.shareOfMachine).toBeCloseTo((8000 * 106_950 * 8) / 1e10, 9);
});

it('says what of the single stores is full first, and at what rate', () => {
  const { singleStores, redisShards } = planCapacity(WORKLOAD, COSTS);
  const [first, ...others] = singleStores;
  // 290 processes x 10,000 / 120 s, and 10,000 wins a second by eight
  const leases = (290 * 10_000) / 120 + 1250;
  // 300,000 ad events, and each lease twice, over 20,000 a second
  expect(first!.name).toBe('PostgreSQL of bills and leases');
  expect(first!.load).toBeCloseTo(15 + leases / 10_000, 9);
  expect(first!.fullAtAuctionsPerSec).toBeCloseTo(100_000 / first!.load, 6);
  const loads = Object.fromEntries(others.map(({ name, load }) => [name, load]));
  expect(loads['Redis of counters']).toBe(7.5);
  expect(loads['Redis of frequency caps']).toBe(5);
  expect(loads['Redis of budgets']).toBeCloseTo(leases * 40e-6, 12);
  expect(redisShards).toBe(Math.ceil((7.5 + 5 + leases * 40e-6) / 0.5));
});

it('fetches no more leases than one by campaign and process in five seconds, beside those by time', () => {
  const few = { auctionsPerSec: 1e6, houseWinShare: 1, campaigns: 12 };
  expect(leasesPerSec(few, 10)).toBeCloseTo(1 + 24, 12);
});

it('spreads a lost region by share, and knows what the seeds of three times did not', () => {
  expect(failoverShare([0.6, 0.3, 0.1], 1)).toBeCloseTo(0.75, 12);
  expect(failoverShare([0.6, 0.3, 0.1], 0)).toBeCloseTo(0.6 / 0.7, 12);
  expect(failoverShare([1], 0)).toBe(1);
  expect(failoverShare([0.5, 0.5], 0)).toBe(1);
  // The survivors of 60% see 2.5 times their traffic: 0.5 becomes 1.25, of which 0.8 is served.
  expect(shedWithoutHeadroom(WORKLOAD)).toBeCloseTo(1 - 0.8 / 1.25, 12);
});

it('buffers by growth and provisioning time alone', () => {
  expect(growthBuffer({ ...WORKLOAD, auctionsPerSec: 1e6, growthPerSec: 0.01, provisioningSec: 90 })).toBeCloseTo(
    9e5,
    6,
  );
  const single = planRegions({ ...WORKLOAD, regionShares: [1], growthPerSec: 0 }, 10_000);
  expect(single).toEqual([{ share: 1, machines: 20, auctionsPerSecMax: 100_000, boundBy: 'growth' }]);
});

it('needs no fewer machines for more auctions', () => {
  const machines = [1, 10, 1000, 12_345, 1e6].map(
    (auctionsPerSec) => planCapacity({ ...WORKLOAD, auctionsPerSec }, COSTS).engines.machines,
  );
  expect(machines).toEqual(machines.toSorted((a, b) => a - b));
});

it('puts a line through the fan-outs that were measured, and says what was not', () => {
  const figure = (name: string, value: number) => ({ name, value, unit: 'us' });
  const { costs, missing } = costsOf(
    [
      figure('fanout.cpu_us.engine.5', 400),
      figure('fanout.cpu_us.engine.20', 1000),
      figure('fanout.cpu_us.engine.50', 2200),
      figure('redis.lease_us', 7),
    ],
    COSTS,
  );
  expect(costs.callUs).toBeCloseTo(40, 9);
  expect(costs.auctionFixedUs).toBeCloseTo(200, 9);
  expect(costs.leaseRedisUs).toBe(7);
  expect(costs.drainEventUs).toBe(50);
  expect(missing).toContain('events.kafka_cpu_us.outbox');
  expect(missing).not.toContain('redis.lease_us');
  expect(costsOf([figure('fanout.cpu_us.engine.5', 400)], COSTS).costs).toEqual(COSTS);
});

it('reads what the bench prints, and refuses other files by line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gavel-capacity-'));
  const path = join(folder, 'figures');
  const read = (text: string) => {
    writeFileSync(path, text);
    return readFigures(path);
  };
  try {
    expect(read('{"name":"a","value":1.5,"unit":"us"}\n\n{"name":"b","value":2,"unit":"1/s"}')).toHaveLength(2);
    expect(() => read('{"name":"a","value":1,"unit":"us"}\ngavel 0.1.0')).toThrow(`${path}:2: is no`);
    expect(() => read('{"name":"a","value":-1,"unit":"us"}')).toThrow(`${path}:1: is no`);
    expect(() => read('null')).toThrow(`${path}:1: is no`);
    expect(() => read('\n')).toThrow('has no figures');
    expect(() => readFigures(join(folder, 'none'))).toThrow('cannot be read: ENOENT');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('prints a column by rate', () => {
  const table = capacityTable(
    [10_000, 1_000_000].map((rate) => planCapacity({ ...WORKLOAD, auctionsPerSec: rate }, COSTS)),
  );
  expect(table).toMatch(/^auctions\/s +10,000 +1,000,000\n/);
  expect(table).toMatch(/\nDSP calls\/s +500,000 +50,000,000\n/);
  expect(table).toMatch(/\n {2}Redis of counters +0\.75 \(13,333\) +75\.00 \(13,333\)\n/);
});
