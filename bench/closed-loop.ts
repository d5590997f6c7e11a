import { Pool } from 'undici';

export interface ClosedLoopOptions {
  /** Of the auction endpoint. */
  readonly url: string;
  /** Requests under way at any time. */
  readonly concurrency: number;
  /** Stops after this time, or after `requests` of them. */
  readonly seconds?: number;
  readonly requests?: number;
  /** Body of the n-th request. */
  readonly body: (index: number) => string;
}

export interface ClosedLoopResult {
  readonly elapsedSec: number;
  /** Answers of status 200 that hold a bid. */
  readonly filled: number;
  /** All other answers. */
  readonly unfilled: number;
  /** Of the answers that hold a bid. */
  readonly latenciesMs: readonly number[];
  /** An answer that holds a bid; empty when there was none. */
  readonly sample: string;
}

/** Keeps a number of requests under way: finds out how many a second there can be, says nothing about waiting times. */
export async function runClosedLoop(options: ClosedLoopOptions): Promise<ClosedLoopResult> {
  const { origin, pathname } = new URL(options.url);
  const pool = new Pool(origin, { connections: options.concurrency, pipelining: 1 });
  const latenciesMs: number[] = [];
  let sent = 0;
  let unfilled = 0;
  let sample = '';
  const startedAtMs = performance.now();
  const endsAtMs = startedAtMs + (options.seconds ?? Number.POSITIVE_INFINITY) * 1000;
  const requestsMax = options.requests ?? Number.POSITIVE_INFINITY;

  const askAgainAndAgain = async (): Promise<void> => {
    while (sent < requestsMax && performance.now() < endsAtMs) {
      const sentAtMs = performance.now();
      const answer = await pool.request({
        path: pathname,
        method: 'POST',
        headers: HEADERS,
        body: options.body(sent++),
      });
      const text = await answer.body.text();
      if (answer.statusCode !== 200 || !text.includes('"adm":')) {
        unfilled += 1;
        continue;
      }
      latenciesMs.push(performance.now() - sentAtMs);
      sample = text;
    }
  };

  await Promise.all(Array.from({ length: options.concurrency }, askAgainAndAgain));
  const elapsedSec = (performance.now() - startedAtMs) / 1000;
  await pool.close();
  return { elapsedSec, filled: latenciesMs.length, unfilled, latenciesMs, sample };
}

const HEADERS = { 'content-type': 'application/json', 'x-openrtb-version': '2.6' };
