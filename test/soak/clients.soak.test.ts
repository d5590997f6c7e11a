/** 5,000 clients that are slow with their headers or bodies, or say nothing, beside some that are not (two minutes). */
import { afterEach, describe, expect, it } from 'vitest';
import { startFaultyGavel } from '../support/faulty-gavel.ts';
import { latenciesMs, quantile, startSlowClients } from '../support/raw-clients.ts';
import { bidding, startScriptedDsp } from '../support/scripted-dsp.ts';
import { adRequest, postAdRequest } from '../support/test-gavel.ts';

const CLIENTS = 5000;
const REQUESTS = 1500;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

describe('F13 5,000 slow clients', () => {
  it('p99 of good requests rises to 1.2x at most', async () => {
    const dsp = await startScriptedDsp({
      // As far away as DSPs are.
      bid: (request, response) => setTimeout(bidding({ price: 1 }), 15, request, response),
    });
    closers.push(dsp.close);
    const gavel = await startFaultyGavel({
      config: {
        log: { level: 'error' },
        dsps: [{ id: 'far', url: `${dsp.origin}/bid` }],
        dspDefaults: { timeoutMs: 80 },
        server: { headersTimeoutMs: 60_000, requestTimeoutMs: 60_000, idleTimeoutMs: 60_000 },
      },
    });
    closers.push(gavel.close);
    const measure = (name: string) =>
      latenciesMs(REQUESTS, (index) => postAdRequest(gavel.url, adRequest(`${name}-${index}`)));
    await measure('warm-up');
    const before = await measure('before');
    const slow = startSlowClients(gavel.url, { count: CLIENTS, byteEveryMs: 5000, isPersistent: true });
    closers.push(slow.stop);
    await expect.poll(() => gavel.metric('rtb_client_connections'), { timeout: 60_000 }).toBeGreaterThan(CLIENTS);
    const during = await measure('during');
    const p99Ms = { before: quantile(before, 0.99), during: quantile(during, 0.99) };
    process.stdout.write(`slow clients ${slow.openCount()}, p99 ms ${JSON.stringify(p99Ms)}\n`);
    expect(slow.openCount()).toBe(CLIENTS);
    expect(p99Ms.during / p99Ms.before).toBeLessThanOrEqual(1.2);
  });
});
