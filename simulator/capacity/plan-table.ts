import type { CapacityPlan } from './capacity-plan.ts';

type Row = readonly [what: string, of: (plan: CapacityPlan) => string];

const ROWS: readonly Row[] = [
  ['CPU by auction, us', ({ engines }) => whole(engines.cpuUsPerAuction)],
  ['auctions/s by core, full', ({ engines }) => whole(engines.auctionsPerSecPerCore)],
  ['cores busy at the peak', ({ engines }) => whole(engines.coresBusy)],
  ['machines for the peak', ({ engines }) => whole(engines.machinesForPeak)],
  ['growth x provisioning, auctions/s', ({ engines }) => whole(engines.growthBufferAuctionsPerSec)],
  ['machines with that buffer', ({ engines }) => whole(engines.machinesForGrowth)],
  ['machines, any one region lost', ({ engines }) => whole(engines.machines)],
  ['  by region', ({ regions }) => regions.map(({ machines }) => whole(machines)).join(' + ')],
  ['refused at first without them', ({ shedWithoutHeadroom }) => `${(shedWithoutHeadroom * 100).toFixed(0)} %`],
  ['mean wait for a core, ms', ({ engines }) => engines.waitMs.toFixed(1)],
  ['  with a region lost', ({ engines }) => engines.waitMsInFailure.toFixed(1)],
  ['DSP calls/s', ({ dsps }) => whole(dsps.callsPerSec)],
  ['calls/s to each DSP', ({ dsps }) => whole(dsps.callsPerSecPerDsp)],
  ['calls under way at each DSP', ({ dsps }) => whole(dsps.callsUnderWayPerDsp)],
  ['connections of a process to a DSP', ({ dsps }) => whole(dsps.connectionsPerProcess)],
  ['connections that a DSP sees', ({ dsps }) => whole(dsps.connectionsPerDsp)],
  ['auctions under way in a process', ({ dsps }) => dsps.auctionsUnderWayPerProcess.toFixed(1)],
  ['events/s', ({ events }) => whole(events.eventsPerSec)],
  ['event bytes, MB/s', ({ events }) => whole(events.bytesPerSec / 1e6)],
  ['Kafka partitions', ({ events }) => `${whole(events.kafkaPartitions)} (${events.partitionsBoundBy})`],
  ['cores of consumers', ({ events }) => whole(events.consumerCores)],
  ['Redis shards', ({ redisShards }) => whole(redisShards)],
  ['PostgreSQLs', ({ ledgers }) => whole(ledgers)],
  ['network out, Gbit/s', ({ network }) => network.outGbit.toFixed(1)],
  ['network in, Gbit/s', ({ network }) => network.inGbit.toFixed(1)],
  ["of a machine's network", ({ network }) => `${(network.shareOfMachine * 100).toFixed(0)} %`],
];

/** A column by plan, then what there is one of: how full, and at what rate it is full. Ends with a newline. */
export function capacityTable(plans: readonly CapacityPlan[]): string {
  const header = ['auctions/s', ...plans.map(({ auctionsPerSec }) => whole(auctionsPerSec))];
  const rows = ROWS.map(([what, of]) => [what, ...plans.map(of)]);
  const stores = plans[0]?.singleStores.map(({ name }) => storeRow(name, plans)) ?? [];
  const single = ['there is one of it: load (full at)', ...plans.map(() => '')];
  return lines([header, ...rows, single, ...stores]);
}

function storeRow(name: string, plans: readonly CapacityPlan[]): string[] {
  const cells = plans.map(({ singleStores }) => {
    const { load, fullAtAuctionsPerSec } = singleStores.find((store) => store.name === name)!;
    return `${load.toFixed(2)} (${whole(fullAtAuctionsPerSec)})`;
  });
  return [`  ${name}`, ...cells];
}

/** Thousands by commas, whatever the locale. */
function whole(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
}

function lines(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) => row.map((cell, at) => (at === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[at]!))).join('  '))
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}
