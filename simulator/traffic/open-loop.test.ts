import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../random.ts';
import { type OpenLoopOptions, runOpenLoop } from './open-loop.ts';

let server: Server | null = null;

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/openrtb2/auction`;
}

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = null;
});

const WIN = JSON.stringify({ id: 'r', cur: 'USD', seatbid: [{ bid: [{ id: 'b', impid: '1', price: 1.5 }] }] });
const NO_WIN = JSON.stringify({ id: 'r', seatbid: [], nbr: 2 });

function run(url: string, options: Partial<OpenLoopOptions> = {}) {
  return runOpenLoop({
    url,
    ratePerSec: 100,
    seconds: 0.5,
    arrivals: 'fixed',
    random: seededRandom(1),
    body: (index) => `{"id":"${index}"}`,
    ...options,
  });
}

describe('open-loop traffic', () => {
  it('adds up fill, revenue and statuses of what the engine answered', async () => {
    let count = 0;
    const url = await serve((request, response) => {
      request.resume();
      const turn = count++ % 4;
      if (turn === 3) response.writeHead(204).end();
      else response.end([WIN, NO_WIN, '<html>'][turn]);
    });
    const result = await run(url);
    const { due, answered, answers, errors } = result;
    expect(due).toBe(49);
    expect(answered).toBe(49);
    expect(errors).toEqual({});
    expect(answers).toEqual({
      statuses: { 200: 37, 204: 12 },
      filled: 13,
      impressions: { USD: 13 },
      revenueNanos: { USD: 13 * 1_500_000 },
      unreadable: 12,
    });
  });

  it('does not wait for answers, and counts latency from the intended send time', async () => {
    // Nothing is answered until all ten requests are there: a closed loop would never get so far.
    const waiting: (() => void)[] = [];
    const url = await serve((request, response) => {
      request.resume();
      waiting.push(() => response.end(WIN));
      if (waiting.length === 10) for (const answer of waiting) answer();
    });
    const result = await run(url, { ratePerSec: 50, seconds: 0.21 });
    expect(result.answered).toBe(10);
    // The first was due 180 ms before the last; its wait is counted in full.
    expect(result.latency.maxMs).toBeGreaterThanOrEqual(179);
    expect(result.latency.p50Ms).toBeGreaterThanOrEqual(79);
  });

  it('charges its own lateness to the latency', async () => {
    const url = await serve((request, response) => {
      request.resume();
      response.end(WIN);
    });
    // A body that takes 60 ms to make holds up every arrival due meanwhile.
    const slowBody = (index: number) => {
      const end = performance.now() + (index === 0 ? 60 : 0);
      while (performance.now() < end);
      return '{}';
    };
    const result = await run(url, { body: slowBody, seconds: 0.2 });
    expect(result.sendLateness.maxMs).toBeGreaterThan(45);
    expect(result.latency.maxMs).toBeGreaterThanOrEqual(result.sendLateness.maxMs);
  });

  it('gives up after the answer timeout and counts errors by code', async () => {
    const url = await serve((request) => request.resume());
    const silent = await run(url, { answerTimeoutMs: 100, seconds: 0.1 });
    expect(silent).toMatchObject({ sent: 9, answered: 0, errors: { timeout: 9 } });
    const broken = await run(await serve((request) => request.socket.destroy()), { seconds: 0.1 });
    expect(Object.values(broken.errors)).toEqual([9]);
    expect(broken.errors).not.toHaveProperty('timeout');
  });

  it('bounds the requests in flight and counts the rest', async () => {
    const url = await serve((request) => request.resume());
    const result = await run(url, { inFlightMax: 5, answerTimeoutMs: 300, seconds: 0.2 });
    expect(result).toMatchObject({ due: 19, sent: 5, notSent: 14 });
  });

  it('keeps the same Poisson schedule for the same seed', async () => {
    const url = await serve((request, response) => {
      request.resume();
      response.end(NO_WIN);
    });
    const poisson = { arrivals: 'poisson', ratePerSec: 300, seconds: 0.3 } as const;
    const first = await run(url, { ...poisson, random: seededRandom(4) });
    const again = await run(url, { ...poisson, random: seededRandom(4) });
    const other = await run(url, { ...poisson, random: seededRandom(6) });
    expect(again.due).toBe(first.due);
    expect(first.due).toBeGreaterThan(60);
    expect(first.due).toBeLessThan(120);
    expect(other.due).not.toBe(first.due);
  });
});
