/** The whole engine in this process on real sockets, with scripted DSPs and a data folder of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { eventLogFolders } from '../../adapters/event-log/log-folders.ts';
import { readEvents } from '../../adapters/event-log/reader.ts';
import { type Gavel, type Outside, startGavel } from '../../compose.ts';
import { loadConfig } from '../../config/load.ts';
import type { DspConfig } from '../../config/types.ts';
import type { BidVerdict } from '../../engine/auction/types.ts';
import { type GavelEvent, readEvent } from '../../engine/events/read-event.ts';
import type { AuctionEvent, DspRecord } from '../../engine/exchange/auction-event.ts';
import type { Bid, BidRequest, BidResponse } from '../../openrtb/types.ts';
import { type DspScripts, type Script, type ScriptedDsp, startScriptedDsp } from './scripted-dsp.ts';

/** How one DSP behaves, and what of its configuration differs from the defaults. */
export type DspPlan = Script | (DspScripts & { readonly config?: Partial<DspConfig> });

export interface TestGavelOptions {
  /** By DSP id. */
  readonly dsps?: Readonly<Record<string, DspPlan>>;
  /** Endpoints that are no scripted DSP, e.g. a closed port. */
  readonly otherDsps?: readonly (Partial<DspConfig> & { readonly id: string; readonly url: string })[];
  /** Configuration, path in dots to value. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Stand-ins for the outside world. */
  readonly outside?: Partial<Outside>;
  /** Of an engine that ran before; it is kept at the end. */
  readonly dataDirectory?: string;
}

export interface AdAnswer {
  readonly status: number;
  readonly body: BidResponse;
  readonly headers: Headers;
}

export interface TestGavel {
  readonly url: string;
  readonly dataDirectory: string;
  readonly gavel: Gavel;
  readonly dsp: (id: string) => ScriptedDsp;
  /** Posts an ad request; strings and buffers go out as they are. */
  readonly post: (
    request: unknown,
    init?: { headers?: Record<string, string>; signal?: AbortSignal },
  ) => Promise<AdAnswer>;
  /** As `GET /admin/dsps` shows it. */
  readonly dspState: (id: string) => ReturnType<Gavel['dsps']>[number];
  /** Everything in the event log now. */
  readonly events: () => Promise<AuctionEvent[]>;
  /** The event of a request, which is written off the path of its answer. */
  readonly eventOf: (requestId: string) => Promise<AuctionEvent>;
  /** All events, once there are so many. */
  readonly allEvents: (count: number) => Promise<AuctionEvent[]>;
  /** Closes engine and DSPs and removes the data folder. */
  readonly close: () => Promise<void>;
}

/**
 * Time limits are wide: a busy machine must not decide a test about prices. Tests about time set their own. Learned
 * reserves are off, since they depend on what ran before; so is the click model, whose estimates are no round numbers.
 */
const TEST_CONFIG: Readonly<Record<string, unknown>> = {
  'server.port': 0,
  'server.warmUpAuctions': 0,
  'server.drainIdleMs': 0,
  'log.level': 'silent',
  'learnedReserve.estimator': 'off',
  'estimation.model.source': 'none',
  'auction.progressive': false,
  'auction.tmaxDefaultMs': 4000,
  'auction.tmaxMaxMs': 8000,
  'dspDefaults.timeoutMs': 3000,
  'dspDefaults.callsPerSecond': 10,
  'notices.allowedHosts': ['127.0.0.1'],
};

/** Events are written off the path: how long to look for one, and how often. */
const PATIENCE = { timeout: 10_000, interval: 20 };

export async function startTestGavel(options: TestGavelOptions = {}): Promise<TestGavel> {
  const dataDirectory = options.dataDirectory ?? (await mkdtemp(join(tmpdir(), 'gavel-test-')));
  const servers = new Map<string, ScriptedDsp>();
  const dsps: unknown[] = [...(options.otherDsps ?? [])];
  for (const [id, plan] of Object.entries(options.dsps ?? {})) {
    const { config, ...scripts } = typeof plan === 'function' ? { bid: plan, config: {} } : plan;
    const server = await startScriptedDsp(scripts);
    servers.set(id, server);
    dsps.push({ id, url: `${server.origin}/bid`, ...config });
  }
  const config = loadConfig({
    file: null,
    environment: {},
    overrides: { ...TEST_CONFIG, dataDirectory, dsps, ...options.config },
  });
  const gavel: Gavel = await startGavel(config, options.outside);
  const events = (): Promise<AuctionEvent[]> => readAuctionEvents(dataDirectory);
  return {
    url: gavel.url,
    dataDirectory,
    gavel,
    dsp: (id) => servers.get(id)!,
    dspState: (id) => gavel.dsps().find((dsp) => dsp.id === id)!,
    post: (request, init) => postAdRequest(gavel.url, request, init),
    events,
    eventOf: (requestId) =>
      vi.waitFor(async () => {
        const event = (await events()).find((candidate) => candidate.requestId === requestId);
        if (event === undefined) throw new Error(`no event of request ${requestId} in the log`);
        return event;
      }, PATIENCE),
    allEvents: (count) =>
      vi.waitFor(async () => {
        const all = await events();
        expect(all).toHaveLength(count);
        return all;
      }, PATIENCE),
    close: async () => {
      await gavel.close();
      await Promise.all([...servers.values()].map((server) => server.close()));
      if (options.dataDirectory === undefined) await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

export async function postAdRequest(
  url: string,
  request: unknown,
  { headers = {}, signal }: { headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<AdAnswer> {
  const body =
    request instanceof Uint8Array
      ? Buffer.from(request)
      : typeof request === 'string'
        ? request
        : JSON.stringify(request);
  const response = await fetch(`${url}/openrtb2/auction`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
    ...(signal === undefined ? {} : { signal }),
  });
  return { status: response.status, body: (await response.json()) as BidResponse, headers: response.headers };
}

/** The `auction` events among `readStoredEvents`. */
export async function readAuctionEvents(dataDirectory: string): Promise<AuctionEvent[]> {
  return (await readStoredEvents(dataDirectory)).filter((event) => event.type === 'auction');
}

/** The events in the logs of a data folder, each log oldest first. Fails when the reader met damage. */
export async function readStoredEvents(dataDirectory: string): Promise<GavelEvent[]> {
  const problems: unknown[] = [];
  const events: GavelEvent[] = [];
  for (const folder of await eventLogFolders(dataDirectory)) {
    const stored = readEvents(folder, { onProblem: (problem) => problems.push(problem) });
    for await (const { payload } of stored) events.push(readEvent(payload));
  }
  expect(problems).toEqual([]);
  return events;
}

/** A banner of 300x250 on a site; `parts` replace whole fields. */
export function adRequest(id: string, parts: Partial<Record<keyof BidRequest, unknown>> = {}): BidRequest {
  return {
    id,
    imp: [bannerImp('1')],
    site: { id: 'site-1', domain: 'news.example.com', publisher: { id: 'pub-1' } },
    ...parts,
  } as BidRequest;
}

export function bannerImp(id: string, parts: object = {}): BidRequest['imp'][number] {
  return { id, banner: { format: [{ w: 300, h: 250 }] }, ...parts };
}

/** All bids of an answer, without their seats. */
export function bidsOf(answer: AdAnswer): Bid[] {
  return (answer.body.seatbid ?? []).flatMap(({ bid }) => [...bid]);
}

/** What became of each bid of a DSP in the auction. */
export function verdictsOf(event: AuctionEvent, dspId: string): BidVerdict[] {
  return event.outcome!.bids.filter(({ bidIndex }) => event.input!.bids[bidIndex]!.dspId === dspId);
}

export function dspRecordOf(event: AuctionEvent, dspId: string): DspRecord {
  return event.dsps.find((record) => record.dspId === dspId)!;
}
