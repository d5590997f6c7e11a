/** The engine and twenty simulated DSPs on real sockets, of which any may be made sick while requests go through. */
import { Agent, request } from 'undici';
import { vi } from 'vitest';
import type { Outside } from '../../compose.ts';
import type { DspConfig } from '../../config/types.ts';
import type { AuctionEvent, DspRecord } from '../../engine/exchange/auction-event.ts';
import type { BidResponse } from '../../openrtb/types.ts';
import { parseScenario } from '../../simulator/dsp/scenario.ts';
import { type DspEndpoint, type NoticeCounts, type RunningDsps, startDspServers } from '../../simulator/dsp/server.ts';
import { expectNoLeak, resourcesNow, type TimedAnswer } from '../oracles.ts';
import { metricOf } from './metric.ts';
import { adRequest, dspRecordOf, startTestGavel, type TestGavel } from './test-gavel.ts';

/** One of the twenty, which tests make sick. */
export const SICK = 'sick-01';
export const DSP_COUNT = 20;
/** Of every request. */
export const TMAX_MS = 2000;
/** Wide enough for a healthy DSP on a busy machine. */
export const DSP_TIMEOUT_MS = 250;

export interface FaultRigOptions {
  /** Configuration of the engine, path in dots to value. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Keys of a scenario's group in which the sick DSP differs from the others. */
  readonly sickTraits?: object;
  /** What of the sick DSP's configuration differs from the defaults. */
  readonly sickConfig?: Partial<DspConfig>;
  /** Where the engine finds a DSP, instead of where it is. */
  readonly urlOf?: (endpoint: DspEndpoint) => string;
  /** Puts something between the engine and the sick DSP: takes its URL and gives the one to use. */
  readonly routeToSick?: (url: string) => Promise<string>;
  readonly outside?: Partial<Outside>;
}

export interface FaultRig {
  readonly gavel: TestGavel;
  readonly endpoints: readonly DspEndpoint[];
  readonly setFaults: RunningDsps['setFaults'];
  /** What a DSP has received. */
  readonly received: (dspId: string) => Promise<NoticeCounts>;
  /** Sends so many requests, at most `clients` at a time: as fast as this machine can, so that it is never overrun. */
  readonly ask: (count: number, clients?: number) => Promise<TimedAnswer[]>;
  /** The events of these answers, in the order in which they ended. */
  readonly eventsOf: (answers: readonly TimedAnswer[]) => Promise<AuctionEvent[]>;
  /** What the sick DSP came to in each of them; null: it was asked how it is, and nobody waited for its reply. */
  readonly sickRecords: (answers: readonly TimedAnswer[]) => Promise<(DspRecord | null)[]>;
  /** A gauge or counter of the engine, summed over the series that have these labels. */
  readonly metric: (name: string, labels?: Readonly<Record<string, string>>) => Promise<number>;
  /** Closes all, and fails when something is left over. */
  readonly close: () => Promise<void>;
}

const HEALTHY_TRAITS = {
  latency: { medianMs: 3, sigma: 0.2 },
  bidRate: { default: 1 },
  price: { medianCpm: 1, sigma: 0.1 },
  creative: { minimumBytes: 300, maximumBytes: 600 },
};

export async function startFaultRig(options: FaultRigOptions = {}): Promise<FaultRig> {
  const resources = resourcesNow();
  const groups = [
    { id: 'well', count: DSP_COUNT - 1, ...HEALTHY_TRAITS },
    { id: 'sick', count: 1, ...HEALTHY_TRAITS, ...options.sickTraits },
  ];
  // JSON is YAML.
  const dsps = await startDspServers({ scenario: parseScenario(JSON.stringify({ name: 'faults', groups }), 'rig') });
  const sick = dsps.endpoints.find(({ id }) => id === SICK)!;
  const sickUrl = await options.routeToSick?.(sick.url);
  const gavel = await startTestGavel({
    otherDsps: dsps.endpoints.map((endpoint) => ({
      id: endpoint.id,
      url: options.urlOf?.(endpoint) ?? endpoint.url,
      ...(endpoint === sick && { ...options.sickConfig, ...(sickUrl !== undefined && { url: sickUrl }) }),
    })),
    config: { 'dspDefaults.timeoutMs': DSP_TIMEOUT_MS, 'dspDefaults.callsPerSecond': 200, ...options.config },
    ...(options.outside && { outside: options.outside }),
  });
  const client = new Client(gavel.url);
  const eventsOf = async (answers: readonly TimedAnswer[]): Promise<AuctionEvent[]> => {
    const wanted = new Set(answers.map(({ requestId }) => requestId));
    return vi.waitFor(async () => {
      const events = (await gavel.events()).filter(({ requestId }) => wanted.has(requestId));
      if (events.length < answers.length)
        throw new Error(`${events.length} of ${answers.length} events are in the log`);
      return events;
    }, PATIENCE);
  };
  return {
    gavel,
    endpoints: dsps.endpoints,
    setFaults: dsps.setFaults,
    received: async (dspId) => (await dsps.notices())[dspId]!,
    ask: (count, clients = 4) => client.ask(count, clients),
    eventsOf,
    sickRecords: async (answers) => (await eventsOf(answers)).map((event) => dspRecordOf(event, SICK) ?? null),
    metric: (name, labels) => metricOf(gavel.url, name, labels),
    close: async () => {
      await client.close();
      await gavel.close();
      await dsps.close();
      await expectNoLeak(resources);
    },
  };
}

const PATIENCE = { timeout: 10_000, interval: 50 };

/** A publisher with connections of its own, so that closing it leaves none behind. */
class Client {
  readonly #url: string;
  readonly #agent = new Agent({ connections: 256 });
  #asked = 0;

  constructor(url: string) {
    this.#url = url;
  }

  async ask(count: number, clients: number): Promise<TimedAnswer[]> {
    const answers: TimedAnswer[] = [];
    let left = count;
    const askInTurn = async (): Promise<void> => {
      while (left-- > 0) answers.push(await this.#askOnce(`r-${this.#asked++}`));
    };
    await Promise.all(Array.from({ length: clients }, askInTurn));
    return answers;
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #askOnce(requestId: string): Promise<TimedAnswer> {
    const startedAtMs = performance.now();
    const answer = await request(`${this.#url}/openrtb2/auction`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(adRequest(requestId, { tmax: TMAX_MS })),
      dispatcher: this.#agent,
    });
    const body = Buffer.from(await answer.body.arrayBuffer());
    return { requestId, status: answer.statusCode, body, tookMs: performance.now() - startedAtMs };
  }
}

/** Nearest rank. */
export function quantileMs(answers: readonly TimedAnswer[], share: number): number {
  const sorted = answers.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]!;
}

/** The bids of an answer with the DSPs that made them. */
export function winnersOf({ body }: TimedAnswer): { readonly dspId: string; readonly price: number }[] {
  const { seatbid = [] } = JSON.parse(body.toString('utf8')) as BidResponse;
  return seatbid.flatMap(({ seat, bid }) =>
    bid.map(({ price }) => ({ dspId: (seat ?? '').replace(/-main$/, ''), price: Number(price) })),
  );
}
