import { count } from '../report/page/quantities.ts';
import { textTable } from '../report/text-table.ts';
import type { CapacityPlan } from './capacity-plan.ts';

type Row = readonly [what: string, of: (plan: CapacityPlan) => string];

const ROWS: readonly Row[] = [
  ['CPU by auction, us', ({ engines }) => count(engines.cpuUsPerAuction)],
  ['auctions/s by core, full', ({ engines }) => count(engines.auctionsPerSecPerCore)],
  ['cores busy at the peak', ({ engines }) => count(engines.coresBusy)],
  ['machines for the peak', ({ engines }) => count(engines.machinesForPeak)],
  ['growth x provisioning, auctions/s', ({ engines }) => count(engines.growthBufferAuctionsPerSec)],
  ['machines with that buffer', ({ engines }) => count(engines.machinesForGrowth)],
  ['machines, any one region lost', ({ engines }) => count(engines.machines)],
  ['  by region', ({ regions }) => regions.map(({ machines }) => count(machines)).join(' + ')],
  ['refused at first without them', ({ shedWithoutHeadroom }) => `${(shedWithoutHeadroom * 100).toFixed(0)} %`],
  ['mean wait for a core, ms', ({ engines }) => engines.waitMs.toFixed(1)],
  ['  with a region lost', ({ engines }) => engines.waitMsInFailure.toFixed(1)],
  ['DSP calls/s', ({ dsps }) => count(dsps.callsPerSec)],
  ['calls/s to each DSP', ({ dsps }) => count(dsps.callsPerSecPerDsp)],
  ['calls under way at each DSP', ({ dsps }) => count(dsps.callsUnderWayPerDsp)],
  ['connections of a process to a DSP', ({ dsps }) => count(dsps.connectionsPerProcess)],
  ['connections that a DSP sees', ({ dsps }) => count(dsps.connectionsPerDsp)],
  ['auctions under way in a process', ({ dsps }) => dsps.auctionsUnderWayPerProcess.toFixed(1)],
  ['events/s', ({ events }) => count(events.eventsPerSec)],
  ['event bytes, MB/s', ({ events }) => count(events.bytesPerSec / 1e6)],
  ['Kafka partitions', ({ events }) => `${count(events.kafkaPartitions)} (${events.partitionsBoundBy})`],
  ['cores of consumers', ({ events }) => count(events.consumerCores)],
  ['Redis shards', ({ redisShards }) => count(redisShards)],
  ['PostgreSQLs', ({ ledgers }) => count(ledgers)],
  ['network out, Gbit/s', ({ network }) => network.outGbit.toFixed(1)],
  ['network in, Gbit/s', ({ network }) => network.inGbit.toFixed(1)],
  ["of a machine's network", ({ network }) => `${(network.shareOfMachine * 100).toFixed(0)} %`],
];

/** A column by plan, then what there is one of: how full, and at what rate it is full. Ends with a newline. */
export function capacityTable(plans: readonly CapacityPlan[]): string {
  const header = ['auctions/s', ...plans.map(({ auctionsPerSec }) => count(auctionsPerSec))];
  const rows = ROWS.map(([what, of]) => [what, ...plans.map(of)]);
  const stores = plans[0]?.singleStores.map(({ name }) => storeRow(name, plans)) ?? [];
  const single = ['there is one of it: load (full at)', ...plans.map(() => '')];
  return textTable([header, ...rows, single, ...stores])
    .map((line) => `${line}\n`)
    .join('');
}

function storeRow(name: string, plans: readonly CapacityPlan[]): string[] {
  const cells = plans.map(({ singleStores }) => {
    const { load, fullAtAuctionsPerSec } = singleStores.find((store) => store.name === name)!;
    return `${load.toFixed(2)} (${count(fullAtAuctionsPerSec)})`;
  });
  return [`  ${name}`, ...cells];
}
