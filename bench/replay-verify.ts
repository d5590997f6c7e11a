/** How many recorded auctions a second `gavel replay verify` decides again, out of an event log, and what memory that takes. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemTimers } from '../adapters/clock.ts';
import { openEventLog } from '../adapters/event-log/event-log.embedded.ts';
import { eventLogFolder } from '../adapters/event-log/log-folders.ts';
import { recordedEvents } from '../compose.ts';
import { loadConfig } from '../config/load.ts';
import { clearAuction } from '../engine/auction/clear.ts';
import { AUCTION_EVENT_VERSION, encodeAuctionEvent } from '../engine/exchange/auction-event.ts';
import { verifyEvents } from '../simulator/replay/verify.ts';
import { clearingOfBids } from './hot-functions.ts';
import { type BenchContext, type Measurement, median } from './measurement.ts';

export const VERIFY_NAMES = ['replay.verify_per_s', 'replay.verify_cpu_us', 'replay.verify_peak_mb'];

/** Several segments of the largest auctions, 50 bids each: what is held must not grow with them. */
const AUCTIONS_MAX = 6_000;
const BATCH = 100;
/** Looks at memory, in auctions. */
const LOOK_EVERY = 500;
const MB = 1_000_000;

interface Round {
  readonly rate: number;
  readonly cpuUs: number;
  readonly peakMb: number;
}

export async function measureReplayVerify({ scale, seed, progress }: BenchContext): Promise<Measurement[]> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'gavel-replay-'));
  const auctions = Math.min(scale.auctions, AUCTIONS_MAX);
  try {
    await writeAuctions(dataDirectory, auctions, seed);
    const rounds: Round[] = [];
    for (let round = 0; round < scale.rounds; round += 1) rounds.push(await verifyAll(dataDirectory, auctions));
    progress(`  auctions/s by round: ${rounds.map(({ rate }) => Math.round(rate)).join(', ')}`);
    return [
      { name: 'replay.verify_per_s', value: median(rounds.map(({ rate }) => rate)), unit: '1/s' },
      { name: 'replay.verify_cpu_us', value: median(rounds.map(({ cpuUs }) => cpuUs)), unit: 'us' },
      { name: 'replay.verify_peak_mb', value: Math.max(...rounds.map(({ peakMb }) => peakMb)), unit: 'MB' },
    ];
  } finally {
    await rm(dataDirectory, { recursive: true, force: true });
  }
}

async function writeAuctions(dataDirectory: string, count: number, seed: number): Promise<void> {
  const { inputs } = clearingOfBids(seed);
  const log = await openEventLog({ folder: eventLogFolder(dataDirectory), timers: systemTimers });
  for (let from = 0; from < count; from += BATCH) {
    const length = Math.min(BATCH, count - from);
    await log.append(Array.from({ length }, (_, at) => eventOf(inputs[(from + at) % inputs.length]!, from + at)));
  }
  await log.close();
}

function eventOf(input: ReturnType<typeof clearingOfBids>['inputs'][number], index: number): Uint8Array {
  return encodeAuctionEvent({
    type: 'auction',
    version: AUCTION_EVENT_VERSION,
    auctionId: `auction-${index}`,
    requestId: `request-${index}`,
    atMs: index,
    isTest: false,
    ending: 'won',
    closing: 'all-replied',
    features: {
      channel: 'site',
      publisherId: 'pub-1',
      inventory: 'news.example.com',
      country: 'USA',
      deviceType: 2,
      os: 'ios',
      connectionType: 2,
      imps: [],
    },
    arms: {},
    input,
    outcome: clearAuction(input),
    dsps: [],
    billingNotices: [],
    reservations: [],
    userKey: null,
    timings: { readMs: 0.1, solicitedAtMs: 0.2, closedAtMs: 20, answeredAtMs: 21, deadlineAtMs: 95 },
  });
}

async function verifyAll(dataDirectory: string, auctions: number): Promise<Round> {
  const config = loadConfig({ file: null, environment: {}, overrides: { dataDirectory } });
  const events = (await recordedEvents(config, 'log'))!;
  let peakBytes = 0;
  const startMs = performance.now();
  const cpuBefore = process.cpuUsage();
  const report = await verifyEvents({
    events,
    window: { fromMs: 0, untilMs: Number.MAX_SAFE_INTEGER },
    onDifference: async ({ auctionId }) => {
      throw new Error(`${auctionId} comes out otherwise`);
    },
    onAuction: (count) => {
      if (count % LOOK_EVERY !== 1) return;
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      peakBytes = Math.max(peakBytes, heapUsed + arrayBuffers);
    },
  });
  if (report.identical !== auctions) throw new Error(`${report.identical} of ${auctions} auctions are identical`);
  const { user, system } = process.cpuUsage(cpuBefore);
  const rate = (auctions * 1000) / (performance.now() - startMs);
  return { rate, cpuUs: (user + system) / auctions, peakMb: peakBytes / MB };
}
