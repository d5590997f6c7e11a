/** What one sick DSP of twenty costs, how soon it is left alone and back, and what remains when all are down. */
import { beforeAll, describe, expect, it } from 'vitest';
import { built } from '../support/built.ts';

/** p99 of too few requests is chance. */
const PHASE_SECONDS = 15;

describe('with 20 DSPs at 100 requests a second', () => {
  let results: ReadonlyMap<string, number>;

  beforeAll(async () => {
    const { measureSickDsp } = await built<typeof import('../../bench/sick-dsp.ts')>('bench/sick-dsp');
    const { FULL_SCALE } = await built<typeof import('../../bench/suite.ts')>('bench/suite');
    const scale = { ...FULL_SCALE, seconds: PHASE_SECONDS };
    const measurements = await measureSickDsp({ scale, seed: 1, progress: console.log });
    results = new Map(measurements.map(({ name, value }) => [name, value]));
    console.log(JSON.stringify(Object.fromEntries(results)));
  }, 600_000);

  describe.each([
    ['hangs', 'hang'],
    ['answers only 500', 'failing'],
  ])('one that %s', (_, name) => {
    it('lets the p99 of auctions rise by 5% at most', () => {
      expect(results.get(`${name}.p99_ratio`)).toBeLessThanOrEqual(1.05);
    });

    it('gets under 5% of the requests from 2 s on', () => {
      expect(results.get(`${name}.share_after_2s`)).toBeLessThan(0.05);
    });

    it('is back above 90% within 10 s of healing', () => {
      expect(results.get(`${name}.heal_s`)).toBeLessThan(10);
    });
  });

  it('all down: p99 under 10 ms', () => {
    expect(results.get('all_down.p99_ms')).toBeLessThan(10);
  });
});
