/** The heap under steady load, after forced collection each time (`GAVEL_SOAK_MINUTES`, 5 by default). */
import { afterEach, describe, expect, it } from 'vitest';
import { startFaultyGavel } from '../support/faulty-gavel.ts';
import { startLoad } from '../support/load.ts';
import { bidding, noBid, startScriptedDsp } from '../support/scripted-dsp.ts';

const MINUTES = Number(process.env.GAVEL_SOAK_MINUTES ?? 5);
const SAMPLES_PER_MINUTE = 6;
/** Caches, windows and compiled code fill in the first part. */
const WARM_UP_SHARE = 0.4;
const SLOPE_BYTES_PER_MINUTE_MAX = 1e6;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

describe('F43 the heap', () => {
  it(
    `grows by less than 1 MB a minute over ${MINUTES} minutes`,
    async () => {
      const dsps = await Promise.all(
        [bidding({ price: 1 }), bidding({ price: 2 }), noBid].map((bid) => startScriptedDsp({ bid })),
      );
      for (const dsp of dsps) closers.push(dsp.close);
      const gavel = await startFaultyGavel({
        config: {
          log: { level: 'error' },
          dsps: dsps.map(({ origin }, index) => ({ id: `dsp-${index}`, url: `${origin}/bid` })),
          admission: { enabled: true },
        },
      });
      closers.push(gavel.close);
      const load = startLoad(gavel.url, { clients: 4, seed: 43 });
      const samples: number[] = [];
      for (let sample = 0; sample < MINUTES * SAMPLES_PER_MINUTE; sample++) {
        await new Promise((resolve) => setTimeout(resolve, 60_000 / SAMPLES_PER_MINUTE));
        samples.push((await gavel.inject({ deed: 'collectGarbage' })).heapUsedBytes);
      }
      const slope = slopeOf(samples.slice(Math.floor(samples.length * WARM_UP_SHARE))) * SAMPLES_PER_MINUTE;
      process.stdout.write(`${load.answeredAtMs.size} auctions, heap slope ${Math.round(slope)} bytes a minute\n`);
      expect(slope).toBeLessThan(SLOPE_BYTES_PER_MINUTE_MAX);
    },
    (MINUTES + 2) * 60_000,
  );
});

/** Least squares, per step. */
function slopeOf(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const middle = (values.length - 1) / 2;
  let covariance = 0;
  let variance = 0;
  for (const [index, value] of values.entries()) {
    covariance += (index - middle) * (value - mean);
    variance += (index - middle) ** 2;
  }
  return covariance / variance;
}
