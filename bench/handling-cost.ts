/**
 * What a dsp actor costs per call in all: the solicitation with its decision, the hand-over to a transport that does nothing,
 * the reading of an empty answer, the record of it, what the auction teaches, and the mailbox around each. Fifty actors,
 * simulated time.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import nact from 'nact';
import { type DspActor, spawnDspActor } from '../actors/dsp-actor.ts';
import type { FanOut } from '../actors/fan-out.ts';
import { spawnParent } from '../actors/mailbox.ts';
import { restartWithin } from '../actors/supervision.ts';
import { DSP_HEALTH_DEFAULTS } from '../engine/dsp/dsp-health.ts';
import { type RequestShaping, shapeRequest } from '../engine/dsp/shaping/request-shaping.ts';
import { SHAPER_DEFAULTS } from '../engine/dsp/shaping/shaper.ts';
import { dialect, Solicitation } from '../engine/dsp/solicitation.ts';
import type { DspTransportResult } from '../engine/ports/dsp-transport.ts';
import { requestFeatures } from '../engine/traffic/request-features.ts';
import { createResponseReader } from '../openrtb/read-response.ts';
import type { BidRequest } from '../openrtb/types.ts';
import { seededRandom } from '../simulator/random.ts';
import { type BenchContext, type Measurement, median } from './measurement.ts';
import { adRequest } from './payloads/ad-request.ts';

const DSP_COUNT = 50;
const REQUEST_EVERY_MS = 5;
const REQUEST_BYTES = 2048;
const TIMINGS = 5;
const COUNTRIES = ['DEU', 'FRA', 'ITA', 'POL'];
const EMPTY_ANSWER: DspTransportResult = { kind: 'answered', status: 204, body: new Uint8Array(), latencyMs: 7 };
const FEEDBACK = { bidMicros: 0, bestOtherMicros: 1_000_000 };

export async function measureHandling(context: BenchContext): Promise<Measurement[]> {
  return [
    { name: 'dsp.handling_us', value: await timeHandling(context, false), unit: 'us' },
    { name: 'dsp.handling_shaped_us', value: await timeHandling(context, true), unit: 'us' },
  ];
}

async function timeHandling({ scale, seed }: BenchContext, isShaped: boolean): Promise<number> {
  const requests = Math.ceil(scale.functionMs * 5);
  const rig = new HandlingRig(seed, isShaped);
  const timings: number[] = [];
  for (let timing = 0; timing <= TIMINGS; timing++) timings.push(await rig.usPerCall(requests));
  rig.stop();
  // The first one is for the optimising compiler, and warms up the shaping.
  return median(timings.slice(1));
}

class HandlingRig {
  readonly #system = nact.start();
  readonly #dsps: DspActor[];
  readonly #shapings: readonly RequestShaping[] | null;
  readonly #solicitation = new Solicitation(JSON.parse(adRequest('handling', REQUEST_BYTES)) as BidRequest);
  readonly #answers: ((result: DspTransportResult) => void)[] = [];
  #nowMs = 0;

  constructor(seed: number, isShaped: boolean) {
    const random = seededRandom(seed).fork('handling');
    const parent = spawnParent(this.#system, 'residents');
    this.#shapings = isShaped ? COUNTRIES.map(shapingFor) : null;
    this.#dsps = Array.from({ length: DSP_COUNT }, (_, index) => this.#spawn(parent, `dsp-${index}`, random));
  }

  #spawn(parent: ReturnType<typeof spawnParent>, id: string, random: { readonly next: () => number }): DspActor {
    const limits = { timeoutMs: 30, timeoutMsMin: 5, inFlightMax: 100, callsPerSecondMax: null };
    return spawnDspActor(parent, {
      definition: {
        id,
        health: { ...DSP_HEALTH_DEFAULTS, ...limits },
        shaping: this.#shapings === null ? null : SHAPER_DEFAULTS,
        dialect: dialect({ version: '2.6', quirks: [], blockedAdvertisers: [], blockedCategories: [] }),
        wakesForBids: false,
        reply: { strictness: 'default', readResponse: createResponseReader() },
      },
      transport: {
        call: (_call, onResult) => {
          this.#answers.push(onResult);
          return () => {};
        },
        close: async () => {},
      },
      clock: { wallMs: () => this.#nowMs, monotonicMs: () => this.#nowMs },
      random: () => random.next(),
      loop: { blockedMsBetween: () => 0 },
      supervisor: restartWithin({ restartsMax: 0, windowMs: 1 }, ({ error }) => {
        throw error;
      }),
      observer: {
        onReply: () => {},
        onReplyFault: (error) => {
          throw error;
        },
      },
      onOverflow: () => {},
    });
  }

  async usPerCall(requests: number): Promise<number> {
    let calls = 0;
    const startedAtMs = performance.now();
    for (let request = 0; request < requests; request++) {
      this.#nowMs += REQUEST_EVERY_MS;
      calls += await this.#ask(this.#shapings?.[request % COUNTRIES.length] ?? null);
    }
    const elapsedMs = performance.now() - startedAtMs;
    return (elapsedMs * 1000) / calls;
  }

  /** One request: all are asked, answer, and learn what became of it. Returns how many were called. */
  async #ask(shaping: RequestShaping | null): Promise<number> {
    let outcomes = 0;
    const fanOut: FanOut = {
      solicitation: this.#solicitation,
      shaping,
      deadlineAtMs: this.#nowMs + 90,
      replyTo: { post: () => ++outcomes > 0 } as unknown as FanOut['replyTo'],
      awaited: [],
      delivered: 0,
      onLateReply: () => {},
      abandons: [],
    };
    for (const { mailbox } of this.#dsps) mailbox.tell({ kind: 'solicit', fanOut });
    while (this.#answers.length + outcomes < DSP_COUNT) await nextTurn();
    const called = this.#answers.splice(0);
    for (const answer of called) answer(EMPTY_ANSWER);
    const lesson =
      shaping === null ? null : { shaping, hasBid: true, contributionMicros: 500_000, revenueMicros: 1_000_000 };
    for (const { mailbox } of this.#dsps) mailbox.post({ kind: 'feedback', feedback: FEEDBACK, lesson });
    return called.length;
  }

  stop(): void {
    nact.stop(this.#system as never);
  }
}

function shapingFor(country: string): RequestShaping {
  const request = JSON.parse(adRequest('shaped', REQUEST_BYTES)) as BidRequest;
  const features = requestFeatures({ ...request, device: { ...request.device, geo: { country } } });
  return shapeRequest(50_000, 0.03, features, 0, 0.9);
}
