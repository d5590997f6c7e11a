/** The engine as `serve` runs it, between stub DSPs and publishers who ask more than it can do; a process for each. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../config/load.ts';
import { seededRandom } from '../simulator/random.ts';
import { SurgeClient } from './load/surge-client.ts';
import { adRequest } from './payloads/ad-request.ts';
import { startChild } from './processes/child.ts';
import { type EngineProcess, startEngineProcess } from './processes/serve.ts';
import type { StubDspsHandlers } from './processes/stub-dsps.ts';

export interface OverloadRig {
  readonly engine: EngineProcess;
  readonly client: SurgeClient;
  readonly close: () => Promise<void>;
}

export interface OverloadRigOptions {
  readonly dspCount: number;
  readonly seed: number;
  /** Configuration of the engine, path in dots to value. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** Of `adRequest`. */
const DEADLINE_MS = 200;
const REQUEST_BYTES = 1536;
const REQUESTS = 512;
const PLACEMENTS = 100;
const CONNECTIONS_MAX = 2000;
/** DSPs answer one after the other over this time: well inside their timeout, so that the engine's CPU is what runs out. */
const FIRST_ANSWER_MS = 5;
const LAST_ANSWER_MS = 15;
/** More than an overload can make: a pool that is too small would refuse calls, which makes auctions cheap. */
const CALLS_PER_SEC = 2000;

export async function startOverloadRig({ dspCount, seed, config = {} }: OverloadRigOptions): Promise<OverloadRig> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'gavel-bench-'));
  const dsps = startChild<StubDspsHandlers>('stub-dsps');
  const closeDsps = async (): Promise<void> => {
    await dsps.close();
    await rm(dataDirectory, { recursive: true, force: true });
  };
  try {
    const dspUrls = await dsps.ask('start', { count: dspCount, seed });
    const spreadMs = (LAST_ANSWER_MS - FIRST_ANSWER_MS) / dspCount;
    await dsps.ask(
      'setDelays',
      dspUrls.map((_, index) => FIRST_ANSWER_MS + index * spreadMs),
    );
    const overrides = {
      dataDirectory,
      'server.port': 0,
      'log.level': 'warn',
      'dspDefaults.callsPerSecond': CALLS_PER_SEC,
      dsps: dspUrls.map((url, index) => ({ id: `stub-${index}`, url })),
      ...config,
    };
    const engine = await startEngineProcess(loadConfig({ file: null, environment: {}, overrides }));
    const client = new SurgeClient({
      url: `${engine.url}/openrtb2/auction`,
      bodies: Array.from({ length: REQUESTS }, (_, index) => requestBody(index)),
      connectionsMax: CONNECTIONS_MAX,
      deadlineMs: DEADLINE_MS,
      random: seededRandom(seed).fork('arrivals'),
    });
    const close = async (): Promise<void> => {
      client.close();
      await engine.close();
      await closeDsps();
    };
    return { engine, client, close };
  } catch (error) {
    await closeDsps();
    throw error;
  }
}

function requestBody(index: number): string {
  return adRequest(`request-${index}`, REQUEST_BYTES).replace('article-rectangle', `placement-${index % PLACEMENTS}`);
}
