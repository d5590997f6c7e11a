/** Campaigns of our own in a world: what is owed at the end is what its events say, whoever was killed on the way. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { OutcomeEvent } from '../../engine/events/outcome-events.ts';
import type { WorldFault } from './faults/world-fault.ts';
import type { Observation } from './history.ts';
import type { RunRecord } from './run-record.ts';
import { runWorld } from './run-world.ts';
import { loadWorldScenario, type WorldScenario } from './scenario.ts';
import type { WorldServices } from './services.ts';
import type { World } from './world.ts';

const FILE = join(import.meta.dirname, '../../config/examples/worlds/house-campaigns.yaml');

/** The example, in a part of its time. */
function scenario(faults: readonly WorldFault[]): WorldScenario {
  return { ...loadWorldScenario(FILE), durationSec: 40, intervalSec: 40, settleSec: 200, faults };
}

interface Finished {
  readonly record: RunRecord;
  readonly observations: readonly Observation[];
  readonly services: WorldServices;
}

async function run(faults: readonly WorldFault[], seed = 3): Promise<Finished> {
  const observations: Observation[] = [];
  const problems: unknown[] = [];
  let world: World | null = null;
  const record = await runWorld(scenario(faults), {
    seed,
    prepare: (prepared) => {
      world = prepared;
    },
    watches: [
      { observe: (observation) => observations.push(observation), onFault: (_, error) => problems.push(error) },
    ],
  });
  expect(problems).toEqual([]);
  return { record, observations, services: (world as World | null)!.services! };
}

/** By id, each once. */
async function storedEvents(services: WorldServices): Promise<ReadonlyMap<string, OutcomeEvent>> {
  const events = new Map<string, OutcomeEvent>();
  for await (const payload of services.storedEvents()) {
    const event = JSON.parse(Buffer.from(payload).toString()) as OutcomeEvent;
    if ('sale' in event) events.set(event.id, event);
  }
  return events;
}

/** What the events say is owed: by account, and by receivable. */
function owedBy(events: Iterable<OutcomeEvent>) {
  const spent = new Map<string, number>();
  const receivables = new Map<string, number>();
  for (const event of events) {
    if (!('sale' in event) || event.type !== event.sale.billedBy || event.isTest) continue;
    const { payer, amount } = event.sale;
    if (payer.kind === 'dsp') receivables.set(event.id, amount);
    else spent.set(payer.accountId, (spent.get(payer.accountId) ?? 0) + amount);
  }
  return { spent, receivables };
}

function receivablesOf(observations: readonly Observation[]): ReadonlyMap<string, number> {
  const booked = observations.flatMap((seen) => (seen.kind === 'receivable' && seen.amount > 0 ? [seen] : []));
  expect(new Set(booked.map(({ key }) => key)).size).toBe(booked.length);
  return new Map(booked.map(({ key, amount }) => [key, amount]));
}

async function expectAllAccountedFor({ services, observations }: Finished): Promise<void> {
  const events = await storedEvents(services);
  const { spent, receivables } = owedBy(events.values());
  const accounts = services.books.accounts();
  for (const { accountId, budget, available, leased, reserved, spent: billed, absorbed } of accounts) {
    expect([accountId, available + leased + reserved + billed]).toEqual([accountId, budget]);
    expect([accountId, reserved, billed + absorbed]).toEqual([accountId, 0, spent.get(accountId) ?? 0]);
  }
  expect(receivablesOf(observations)).toEqual(receivables);
  const keys = new Map(
    observations.flatMap((seen) => (seen.kind === 'report-sent' ? [[seen.reportId, seen.key]] : [])),
  );
  for (const seen of observations) {
    if (seen.kind !== 'report-answered' || seen.status !== 200) continue;
    expect(events.has(keys.get(seen.reportId)!)).toBe(true);
  }
}

it('all money is accounted for, and is what the events say', async () => {
  const finished = await run([]);
  await expectAllAccountedFor(finished);
  const spent = finished.services.books.accounts().filter(({ spent }) => spent > 0);
  expect(spent.length).toBeGreaterThanOrEqual(2);
  expect(receivablesOf(finished.observations).size).toBeGreaterThan(20);
});

it('whoever is killed or away, nothing that is owed is lost or doubled; and it is the same again', async () => {
  const faults: readonly WorldFault[] = [
    { kind: 'outage', target: 'kafka', fromSec: 3, forSec: 5 },
    { kind: 'process-down', target: 'consumer-1', fromSec: 10, forSec: 9 },
    { kind: 'process-down', target: 'home-1', fromSec: 14.123, forSec: 4 },
    { kind: 'disk-error', target: 'home-2', fromSec: 16, forSec: 5 },
    { kind: 'outage', target: 'redis', fromSec: 22, forSec: 5 },
    { kind: 'process-down', target: 'home-2', fromSec: 26.456, forSec: 4 },
    // Somebody starts meanwhile.
    { kind: 'outage', target: 'ledger', fromSec: 29, forSec: 6 },
    { kind: 'disk-full', target: 'home-1', fromSec: 32, forSec: 4 },
  ];
  const first = await run(faults);
  await expectAllAccountedFor(first);
  const ended = first.observations.filter((seen) => seen.kind === 'process-ended' && seen.atMs < 40_000);
  expect(ended).toHaveLength(3);
  const again = await run(faults);
  expect([again.record.traceHash, again.record.ledgerHash]).toEqual([first.record.traceHash, first.record.ledgerHash]);
});
