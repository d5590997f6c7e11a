import { setTimeout as delay, setImmediate as yieldToEvents } from 'node:timers/promises';
import { Pool } from 'undici';
import type { SeededRandom } from '../random.ts';
import { AnswerCounter, type AnswerTally } from './answer-tally.ts';
import { LatencyHistogram, type LatencySummary } from './latency-histogram.ts';

/** `fixed`: equal gaps. `poisson`: random gaps of that mean, as independent users make them. */
export type ArrivalProcess = 'fixed' | 'poisson';

export interface SendingOptions {
  /** Of the auction endpoint. */
  readonly url: string;
  /** A request without an answer this long after its intended send time is given up; 5,000 when absent. */
  readonly answerTimeoutMs?: number;
  /** Arrivals beyond this many unanswered requests are not sent but counted; 10,000 when absent. */
  readonly inFlightMax?: number;
  /** Called once a second. */
  readonly onProgress?: (progress: OpenLoopProgress) => void;
}

export interface ScheduledRequest {
  /** When it is due, ms since the start. */
  readonly atMs: number;
  readonly body: string;
}

export interface OpenLoopOptions extends SendingOptions {
  /** Mean arrivals a second. */
  readonly ratePerSec: number;
  /** How long requests arrive; answers are awaited after that. */
  readonly seconds: number;
  readonly arrivals: ArrivalProcess;
  /** Draws the gaps: the same stream makes the same schedule. */
  readonly random: SeededRandom;
  /** Body of the n-th request. */
  readonly body: (index: number) => string;
}

export interface OpenLoopProgress {
  readonly elapsedSec: number;
  readonly sent: number;
  readonly answered: number;
  readonly filled: number;
  readonly latency: LatencySummary;
}

export interface OpenLoopResult {
  /** Requests that were due: sent and not sent. */
  readonly due: number;
  readonly sent: number;
  /** Due while `inFlightMax` requests were unanswered. */
  readonly notSent: number;
  readonly answered: number;
  readonly answers: AnswerTally;
  /** Requests without an answer, by code (`timeout`, or the system's or undici's code). */
  readonly errors: Readonly<Record<string, number>>;
  /** From the intended send time to the last byte of the answer: a generator or engine that falls behind shows here. */
  readonly latency: LatencySummary;
  /** How late the generator itself sent; part of `latency`. */
  readonly sendLateness: LatencySummary;
}

/** Arrivals of one rate; see `runSchedule`. */
export function runOpenLoop(options: OpenLoopOptions): Promise<OpenLoopResult> {
  return runSchedule(arrivalsOf(options), options);
}

function* arrivalsOf({ ratePerSec, seconds, arrivals, random, body }: OpenLoopOptions): Generator<ScheduledRequest> {
  const meanMs = 1_000 / ratePerSec;
  const gapMs = arrivals === 'fixed' ? () => meanMs : () => random.exponential(meanMs);
  const endMs = seconds * 1_000;
  let index = 0;
  for (let atMs = gapMs(); atMs < endMs; atMs += gapMs()) yield { atMs, body: body(index++) };
}

/**
 * Sends requests at their own times, whatever becomes of earlier ones. A closed loop waits for answers and so stops asking
 * just when the engine is slow, which hides the worst latencies ("coordinated omission"); this one keeps the schedule,
 * whose times rise. A request that comes out of it when it is overdue is sent at once.
 */
export async function runSchedule(
  schedule: Iterable<ScheduledRequest> | AsyncIterable<ScheduledRequest>,
  options: SendingOptions,
): Promise<OpenLoopResult> {
  const run = new OpenLoopRun(options);
  const progress = setInterval(() => options.onProgress?.(run.progress()), 1_000);
  try {
    await run.sendAll(schedule);
    await run.awaitAnswers();
    return run.result();
  } finally {
    clearInterval(progress);
    await run.close();
  }
}

const DEFAULT_ANSWER_TIMEOUT_MS = 5_000;
const DEFAULT_IN_FLIGHT_MAX = 10_000;
/** Overdue requests sent in a row: about a millisecond of work. */
const OVERDUE_BURST = 32;

class OpenLoopRun {
  readonly #options: SendingOptions;
  readonly #answerTimeoutMs: number;
  readonly #pool: Pool;
  readonly #path: string;
  readonly #answers = new AnswerCounter();
  readonly #errors: Record<string, number> = {};
  readonly #latency = new LatencyHistogram();
  readonly #sendLateness = new LatencyHistogram();
  readonly #inFlight = new Set<Promise<void>>();
  readonly #startMs = performance.now();
  #due = 0;
  #notSent = 0;

  constructor(options: SendingOptions) {
    this.#options = options;
    this.#answerTimeoutMs = options.answerTimeoutMs ?? DEFAULT_ANSWER_TIMEOUT_MS;
    const url = new URL(options.url);
    this.#path = url.pathname + url.search;
    // As many connections as there are unanswered requests: a shared one would make arrivals wait for answers after all.
    this.#pool = new Pool(url.origin, { connections: null, pipelining: 1 });
  }

  async sendAll(schedule: Iterable<ScheduledRequest> | AsyncIterable<ScheduledRequest>): Promise<void> {
    const inFlightMax = this.#options.inFlightMax ?? DEFAULT_IN_FLIGHT_MAX;
    for await (const { atMs, body } of schedule) {
      const dueMs = this.#startMs + atMs;
      const waitMs = dueMs - performance.now();
      // Timers round to whole milliseconds; `sendLateness` says what that costs. What is overdue goes out at once, but
      // not so that answers go unread when the rate is more than this process can send.
      if (waitMs > 0) await delay(waitMs);
      else if (this.#due % OVERDUE_BURST === 0) await yieldToEvents();
      this.#due++;
      if (this.#inFlight.size >= inFlightMax) {
        this.#notSent++;
        continue;
      }
      const request = this.#send(body, dueMs).finally(() => this.#inFlight.delete(request));
      this.#inFlight.add(request);
    }
  }

  /** Ends at the latest when the last request is given up. */
  async awaitAnswers(): Promise<void> {
    await Promise.all(this.#inFlight);
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  progress(): OpenLoopProgress {
    return {
      elapsedSec: (performance.now() - this.#startMs) / 1_000,
      sent: this.#due - this.#notSent,
      answered: this.#latency.count,
      filled: this.#answers.tally().filled,
      latency: this.#latency.summary(),
    };
  }

  result(): OpenLoopResult {
    return {
      due: this.#due,
      sent: this.#due - this.#notSent,
      notSent: this.#notSent,
      answered: this.#latency.count,
      answers: this.#answers.tally(),
      errors: { ...this.#errors },
      latency: this.#latency.summary(),
      sendLateness: this.#sendLateness.summary(),
    };
  }

  async #send(body: string, dueMs: number): Promise<void> {
    const sentMs = performance.now();
    this.#sendLateness.record(sentMs - dueMs);
    const giveUp = AbortSignal.timeout(Math.max(0, Math.ceil(this.#answerTimeoutMs - (sentMs - dueMs))));
    try {
      const answer = await this.#pool.request({
        path: this.#path,
        method: 'POST',
        headers: HEADERS,
        body,
        signal: giveUp,
      });
      const text = await answer.body.text();
      this.#latency.record(performance.now() - dueMs);
      this.#answers.add(answer.statusCode, text);
    } catch (error) {
      const code = giveUp.aborted ? 'timeout' : ((error as { code?: string }).code ?? 'unknown');
      this.#errors[code] = (this.#errors[code] ?? 0) + 1;
    }
  }
}

const HEADERS = { 'content-type': 'application/json', 'x-openrtb-version': '2.6' };
