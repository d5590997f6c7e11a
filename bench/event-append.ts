/** How many outcome events a second the embedded log takes. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemTimers } from '../adapters/clock.ts';
import { openEventLog } from '../adapters/event-log/event-log.embedded.ts';
import { type BenchContext, type Measurement, median } from './measurement.ts';
import { outcomeEvents } from './payloads/outcome-events.ts';

export const APPEND_NAMES = ['events.append_rate', 'events.append_cpu_us'];

/** What gathers while one batch is being written, at some 50,000 events a second. */
const BATCH_EVENTS = 250;
const DIFFERENT_EVENTS = 20_000;

export async function measureEventAppend({ scale, seed, progress }: BenchContext): Promise<Measurement[]> {
  const events = outcomeEvents(DIFFERENT_EVENTS, seed);
  const rounds: { rate: number; cpuUs: number }[] = [];
  for (let round = 0; round < scale.rounds; round += 1) rounds.push(await appendFor(scale.seconds, events));
  progress(`  events/s by round: ${rounds.map(({ rate }) => Math.round(rate)).join(', ')}`);
  return [
    { name: 'events.append_rate', value: median(rounds.map(({ rate }) => rate)), unit: '1/s' },
    { name: 'events.append_cpu_us', value: median(rounds.map(({ cpuUs }) => cpuUs)), unit: 'us' },
  ];
}

async function appendFor(seconds: number, events: readonly Buffer[]): Promise<{ rate: number; cpuUs: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'gavel-append-'));
  try {
    const log = await openEventLog({ folder, timers: systemTimers });
    const startedAtMs = performance.now();
    const cpuBefore = process.cpuUsage();
    let count = 0;
    while (performance.now() - startedAtMs < seconds * 1000) {
      const from = count % (events.length - BATCH_EVENTS);
      await log.append(events.slice(from, from + BATCH_EVENTS));
      count += BATCH_EVENTS;
    }
    // What was appended has to get to the disk as well.
    await log.close();
    const { user, system } = process.cpuUsage(cpuBefore);
    return { rate: (count * 1000) / (performance.now() - startedAtMs), cpuUs: (user + system) / count };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
