import { gzip } from 'node:zlib';
import type { PricingModel } from '../../engine/auction/types.ts';
import { type SeededRandom, seededRandom } from '../random.ts';
import { decide } from './behaviour.ts';
import { areFaultsDue, type FaultTimes } from './fault-times.ts';
import type { FaultShares } from './faults.ts';
import { type HttpReply, type HttpRequest, type HttpServer, listenHttp } from './http-server.ts';
import { RequestCache } from './request-cache.ts';
import { dspsOf, type Scenario, type SimulatedDsp } from './scenario.ts';
import { toWireAnswer, type WireAnswer } from './wire-answer.ts';

/** Where the engine finds one simulated DSP. */
export interface DspEndpoint {
  readonly id: string;
  /** Of `POST`, e.g. `http://127.0.0.1:9001/bid`. */
  readonly url: string;
  readonly version: '2.5' | '2.6';
  /** What its prices mean, to be agreed with the engine. */
  readonly pricing: PricingModel;
}

/** What one DSP has received: bid requests, and notices. */
export interface NoticeCounts {
  readonly calls: number;
  readonly wins: number;
  readonly losses: number;
  readonly bills: number;
  /** Calls to a place that is none of these, such as the target of a redirect. */
  readonly strays: number;
}

export type FaultsByDsp = Readonly<Record<string, FaultShares>>;

/** DSPs that are listening, in this process or in another. */
export interface RunningDsps {
  readonly endpoints: readonly DspEndpoint[];
  /** By DSP id, since the start. */
  readonly notices: () => Promise<Readonly<Record<string, NoticeCounts>>>;
  /**
   * From now on these DSPs, by id, have these faults at any time, in place of those of the scenario; `{}` heals. Rejects
   * with a RangeError, and changes nothing, when one of them does not run.
   */
  readonly setFaults: (faultsByDsp: FaultsByDsp) => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface DspServerOptions {
  readonly scenario: Scenario;
  /** DSPs to run; as many as the scenario says when absent. */
  readonly count?: number;
  /** First port; each further DSP takes the next one. 0 or absent: any free ports. */
  readonly basePort?: number;
  /** Address to listen on; 127.0.0.1 when absent. */
  readonly host?: string;
}

/** Starts every DSP of a scenario in this process, one port each. Rejects when a port cannot be had; nothing listens then. */
export async function startDspServers(options: DspServerOptions): Promise<RunningDsps> {
  const { scenario, count, basePort = 0, host = '127.0.0.1' } = options;
  const requests = new RequestCache();
  const dsps = dspsOf(scenario, count).map((dsp) => new DspServer(dsp, scenario.seed, requests));
  const results = await Promise.allSettled(
    dsps.map((dsp, index) => dsp.listen(host, basePort === 0 ? 0 : basePort + index)),
  );
  const close = async () => {
    await Promise.all(dsps.map((dsp) => dsp.close()));
  };
  const failure = results.find((result) => result.status === 'rejected');
  if (failure !== undefined) {
    await close();
    throw failure.reason;
  }
  return {
    endpoints: dsps.map((dsp) => dsp.endpoint),
    notices: async () => Object.fromEntries(dsps.map((dsp) => [dsp.endpoint.id, dsp.notices])),
    setFaults: async (faultsByDsp) => {
      const endpoints = dsps.map(({ endpoint }) => endpoint);
      requireRunning(faultsByDsp, endpoints);
      for (const [index, { id }] of endpoints.entries()) {
        if (faultsByDsp[id] !== undefined) dsps[index]!.setFaults(faultsByDsp[id]);
      }
    },
    close,
  };
}

/** Throws a RangeError that names the first DSP that does not run. */
export function requireRunning(faultsByDsp: FaultsByDsp, endpoints: readonly DspEndpoint[]): void {
  const unknown = Object.keys(faultsByDsp).find((dspId) => !endpoints.some(({ id }) => id === dspId));
  if (unknown !== undefined) throw new RangeError(`no simulated DSP is called "${unknown}"`);
}

const ALWAYS: FaultTimes = { fromSec: 0 };

/** Answers shorter than this gain nothing from compression. */
const GZIP_MINIMUM_BYTES = 1024;

/** Request ids whose repetitions are counted; the counts start over when there are more. */
const REPEATS_MAX = 10_000;

class DspServer {
  readonly #dsp: SimulatedDsp;
  /** The same DSP while nothing is wrong with it. */
  readonly #healthy: SimulatedDsp;
  readonly #startedAtMs = performance.now();
  #sick: SimulatedDsp;
  #faultTimes: FaultTimes;
  readonly #random: SeededRandom;
  readonly #requests: RequestCache;
  readonly #timesSeen = new Map<string, number>();
  readonly #headers: string;
  readonly #notices = { calls: 0, wins: 0, losses: 0, bills: 0, strays: 0 };
  #http: HttpServer | null = null;
  #origin = '';

  constructor(dsp: SimulatedDsp, seed: number, requests: RequestCache) {
    this.#dsp = dsp;
    this.#healthy = { ...dsp, faults: {} };
    this.#sick = dsp;
    this.#faultTimes = dsp.faultTimes;
    this.#random = seededRandom(seed).fork(dsp.id);
    this.#requests = requests;
    this.#headers = `x-openrtb-version: ${dsp.version}\r\n`;
  }

  async listen(host: string, port: number): Promise<void> {
    this.#http = await listenHttp(host, port, (request, reply) => this.#handle(request, reply));
    const name = host.includes(':') ? `[${host}]` : host;
    this.#origin = `http://${name}:${this.#http.port}`;
  }

  async close(): Promise<void> {
    await this.#http?.close();
  }

  get endpoint(): DspEndpoint {
    const { id, version, price } = this.#dsp;
    return { id, url: `${this.#origin}/bid`, version, pricing: price.pricing };
  }

  setFaults(faults: FaultShares): void {
    this.#sick = { ...this.#dsp, faults };
    this.#faultTimes = ALWAYS;
  }

  get notices(): NoticeCounts {
    return { ...this.#notices };
  }

  #handle(request: HttpRequest, reply: HttpReply): void {
    switch (request.path) {
      case '/bid':
        this.#bid(request, reply);
        return;
      case '/win':
        this.#notices.wins++;
        break;
      case '/loss':
        this.#notices.losses++;
        break;
      case '/bill':
        this.#notices.bills++;
        break;
      default:
        this.#notices.strays++;
        reply.send(404, '', '');
        return;
    }
    reply.send(204, '', '');
  }

  #bid(httpRequest: HttpRequest, reply: HttpReply): void {
    const request = this.#requests.read(httpRequest.body);
    if (request === null) {
      reply.send(400, '', '');
      return;
    }
    this.#notices.calls++;
    const random = this.#random.fork(request.id).fork(String(this.#countRepeats(request.id)));
    const isSick = areFaultsDue(this.#faultTimes, performance.now() - this.#startedAtMs);
    const decision = decide(isSick ? this.#sick : this.#healthy, request, random, this.#origin);
    const answer = toWireAnswer(decision, this.#origin);
    if (answer.kind === 'silence') return;
    setTimeout(() => this.#send(answer, httpRequest.acceptsGzip, reply), decision.delayMs);
  }

  /**
   * How often this id came before. Decisions hang on the request's id, not on the order of arrival, so a run can be
   * repeated over real sockets; the count lets the same payload sent twice be two requests.
   */
  #countRepeats(requestId: string): number {
    const repeats = this.#timesSeen.get(requestId) ?? 0;
    if (this.#timesSeen.size >= REPEATS_MAX) this.#timesSeen.clear();
    this.#timesSeen.set(requestId, repeats + 1);
    return repeats;
  }

  #send(answer: Exclude<WireAnswer, { kind: 'silence' }>, acceptsGzip: boolean, reply: HttpReply): void {
    switch (answer.kind) {
      case 'reset':
        reply.reset();
        return;
      case 'raw':
        reply.sendRaw(answer);
        return;
      case 'http':
        this.#sendHttp(answer, acceptsGzip, reply);
        return;
    }
  }

  #sendHttp(answer: Extract<WireAnswer, { kind: 'http' }>, acceptsGzip: boolean, reply: HttpReply): void {
    const { status, body } = answer;
    const headers = this.#headers + answer.headers;
    // Bytes are as they should be on the wire.
    const isCompressible = typeof body === 'string' && body.length >= GZIP_MINIMUM_BYTES;
    if (!this.#dsp.gzip || !acceptsGzip || !isCompressible) {
      reply.send(status, headers, body);
      return;
    }
    gzip(body, (error, compressed) => {
      if (error !== null) reply.reset();
      else reply.send(status, `${headers}Content-Encoding: gzip\r\n`, compressed);
    });
  }
}
