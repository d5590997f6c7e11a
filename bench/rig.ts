/** The engine between stub DSPs and a load generator, each in a process of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/types.ts';
import { runClosedLoop } from './closed-loop.ts';
import type { BenchContext } from './measurement.ts';
import { adRequest } from './payloads/ad-request.ts';
import { type Child, startChild } from './processes/child.ts';
import type { EngineHandlers } from './processes/engine.ts';
import type { StubDspsHandlers } from './processes/stub-dsps.ts';

export interface Rig {
  readonly dspUrls: readonly string[];
  readonly dsps: Child<StubDspsHandlers>;
  readonly engine: Child<EngineHandlers>;
  /** Takes ad requests. */
  readonly url: string;
  /** Of the engine: its event log is in there. */
  readonly dataDirectory: string;
  /** Ends the engine cleanly, so that all events are written; the data are there until `close`. */
  readonly stopEngine: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface RigOptions {
  readonly dspCount: number;
  readonly seed: number;
  /** Service time of the n-th DSP. */
  readonly delayMs: (dspIndex: number) => number;
  /** Time for a DSP to answer; when absent so long that a busy machine makes auctions slow and does not cut them short. */
  readonly dspTimeoutMs?: number;
  /** What all DSPs bid by; per mille when absent. */
  readonly pricing?: 'cpm' | 'cpc';
  /** Configuration of the engine that differs for this bench. */
  readonly overrides?: Readonly<Record<string, unknown>>;
}

/** Of the requests in all runs over the network. */
const REQUEST_BYTES = 1536;
/** Connections per DSP; both the engine and the baseline have so many. */
export const CONNECTIONS_PER_DSP = 15;
/** Requests under way that keep the engine busy all the time, and no more: each makes all others wait. */
export const CONCURRENCY = 8;
/** Longer than any phase. */
export const KEEP_ALIVE_MS = 600_000;
const DSP_TIMEOUT_MS = 150;
/** After this nothing of an auction is left in the engine: neither timers nor an unwritten event. */
const SETTLED_AFTER_MS = DSP_TIMEOUT_MS + 100;

export async function startRig(options: RigOptions): Promise<Rig> {
  const { dspCount, seed, delayMs } = options;
  const dataDirectory = await mkdtemp(join(tmpdir(), 'gavel-bench-'));
  const dsps = startChild<StubDspsHandlers>('stub-dsps');
  const engine = startChild<EngineHandlers>('engine', ['--expose-gc']);
  const close = async (): Promise<void> => {
    await Promise.all([engine.close(), dsps.close()]);
    await rm(dataDirectory, { recursive: true, force: true });
  };
  try {
    const dspUrls = await dsps.ask('start', { count: dspCount, seed });
    await dsps.ask(
      'setDelays',
      Array.from({ length: dspCount }, (_, index) => delayMs(index)),
    );
    const url = await engine.ask('start', engineConfig(dspUrls, dataDirectory, options));
    const stopEngine = async (): Promise<void> => {
      await engine.ask('stop');
    };
    return { dspUrls, dsps, engine, url, dataDirectory, stopEngine, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The product's defaults, but for what keeps a run apart from others and its machine's speed out of the results. */
function engineConfig(
  dspUrls: readonly string[],
  dataDirectory: string,
  { dspTimeoutMs = DSP_TIMEOUT_MS, pricing = 'cpm', overrides: ofBench }: RigOptions,
): Config {
  const overrides = {
    dataDirectory,
    'server.port': 0,
    'log.level': 'warn',
    // At full load it asks fewer DSPs; what it costs itself is noise (docs/overload.md).
    'admission.enabled': false,
    // Every auction is to make all its calls.
    'shaping.enabled': false,
    'dspDefaults.timeoutMs': dspTimeoutMs,
    'dspDefaults.keepAliveMs': KEEP_ALIVE_MS,
    'dspDefaults.callsPerSecond': (CONNECTIONS_PER_DSP * 1000) / dspTimeoutMs,
    dsps: dspUrls.map((url, index) => ({ id: `stub-${index}`, url, pricing })),
    ...ofBench,
  };
  return loadConfig({ file: null, environment: {}, overrides });
}

/** Bodies whose request ids begin with `label`, so that the events of a phase can be told apart. */
export function bodiesOf(label: string): (index: number) => string {
  const [head, tail] = adRequest(ID_PLACE, REQUEST_BYTES).split(ID_PLACE) as [string, string];
  return (index) => `${head}${label}-${index}${tail}`;
}

/** Part of what the engine can do at most: an ordinary hour, in which it also sleeps. */
const ORDINARY_LOAD = 0.4;
/** So that even the shortest phase has arrivals. */
const RATE_PER_SEC_MIN = 50;

/** Warms the engine up, and gives the rate of arrivals (per second) of an ordinary hour. */
export async function ordinaryRate(
  { url }: Rig,
  { scale, progress }: BenchContext,
  bodies = bodiesOf,
): Promise<number> {
  const { seconds } = scale;
  await runClosedLoop({ url, concurrency: CONCURRENCY, seconds, body: bodies('warm-up') });
  const busy = await runClosedLoop({ url, concurrency: CONCURRENCY, seconds, body: bodies('calibration') });
  const capacity = (busy.filled + busy.unfilled) / busy.elapsedSec;
  progress(`the engine can do ${capacity.toFixed(0)} auctions/s`);
  return Math.max(RATE_PER_SEC_MIN, Math.round(capacity * ORDINARY_LOAD));
}

const ID_PLACE = 'request-id';

export function settle(): Promise<void> {
  return delay(SETTLED_AFTER_MS);
}
