/**
 * Entry of the process that plays the DSPs: every call gets a bid after a fixed time, unless the DSP was told to be ill.
 * Answers are prepared; only the request id is put in, so that these DSPs cost as little of the machine as they can.
 */
import { type HttpReply, listenHttp } from '../../simulator/dsp/http-server.ts';
import { bidAnswers } from '../payloads/bid-answers.ts';
import { serveParent } from './serve-parent.ts';

export interface StubDspsOptions {
  readonly count: number;
  readonly seed: number;
}

/** `hangs`: takes every call and never answers. `fails`: answers 500 at once. */
export type StubHealth = 'well' | 'hangs' | 'fails';

const HEADERS = 'Content-Type: application/json\r\n';
const ID_FIELD = Buffer.from('"id":"');
const QUOTE = 0x22;

/** By DSP. */
let delaysMs: readonly number[] = [];
let healths: readonly StubHealth[] = [];
let callCounts: number[] = [];
let lastBody = '';

/** Gives the bid endpoints. */
async function start({ count, seed }: StubDspsOptions): Promise<string[]> {
  callCounts = new Array<number>(count).fill(0);
  const servers = Array.from({ length: count }, (_, dspIndex) => {
    const answers = bidAnswers(dspIndex, seed);
    let served = 0;
    return listenHttp('127.0.0.1', 0, ({ body, method }, reply) => {
      const health = healths[dspIndex] ?? 'well';
      if (method === 'POST') callCounts[dspIndex]! += 1;
      if (health === 'hangs') return;
      if (health === 'fails') {
        reply.send(500, '', '');
        return;
      }
      const [head, tail] = answers[served++ % answers.length]!;
      if (dspIndex === 0) lastBody = body.toString('utf8');
      answerLater(reply, head + requestId(body) + tail, delaysMs[dspIndex] ?? 0);
    });
  });
  return (await Promise.all(servers)).map(({ port }) => `http://127.0.0.1:${port}/bid`);
}

/** Never early: node's timers count from when the loop last woke up, which is before this call was read. */
function answerLater(reply: HttpReply, text: string, delayMs: number): void {
  const dueMs = performance.now() + delayMs;
  const send = (): void => {
    const leftMs = dueMs - performance.now();
    if (leftMs > 0) setTimeout(send, Math.ceil(leftMs));
    else reply.send(200, HEADERS, text);
  };
  send();
}

/** The first `id` of the message is that of the request: the engine sends it before everything but tmax. */
function requestId(body: Buffer): string {
  const start = body.indexOf(ID_FIELD) + ID_FIELD.length;
  return body.toString('latin1', start, body.indexOf(QUOTE, start));
}

const handlers = {
  start,
  setDelays: (ms: readonly number[]): void => {
    delaysMs = ms;
  },
  setHealths: (ofDsps: readonly StubHealth[]): void => {
    healths = ofDsps;
  },
  /** Bid requests received since the start, by DSP. */
  callCounts: (): readonly number[] => callCounts,
  /** What the first DSP was last asked. */
  lastBody: (): string => lastBody,
};

export type StubDspsHandlers = typeof handlers;

serveParent(handlers);
