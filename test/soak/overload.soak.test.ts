/** Twice to ten times what the engine can do for a minute each, and clients who repeat all that fails. Criteria are ratios of one run. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PhaseTally } from '../../bench/load/phase-tally.ts';
import type { OverloadRig } from '../../bench/overload-rig.ts';
import { built } from '../support/built.ts';

const DSP_COUNT = 20;
const SURGE_SECONDS = 60;
const CALM_SECONDS = 10;
const RAMP_STEP_SECONDS = 2;
const RECOVERY_SECONDS_MAX = 5;
const P99_RATIO_MAX = 1.3;

describe('overload', () => {
  let rig: OverloadRig;
  let peak: number;
  let recoverySec: (before: PhaseTally, after: PhaseTally) => number;

  beforeAll(async () => {
    const { startOverloadRig } = await built<typeof import('../../bench/overload-rig.ts')>('bench/overload-rig');
    const bench = await built<typeof import('../../bench/overload.ts')>('bench/overload');
    recoverySec = bench.recoverySec;
    rig = await startOverloadRig({ dspCount: DSP_COUNT, seed: 1 });
    peak = await bench.findPeak(rig.client, RAMP_STEP_SECONDS);
  });
  afterAll(() => rig.close());

  const calm = (): Promise<PhaseTally> => rig.client.run({ ratePerSec: peak / 2, seconds: CALM_SECONDS });

  it.each([
    [2, 0.95],
    [5, 0.9],
    [10, 0.85],
  ])(
    '%i times too much for a minute: what fits is answered in time, and all is well 5 s later',
    async (factor, goodput) => {
      const before = await calm();
      const surge = await rig.client.run({ ratePerSec: factor * peak, seconds: SURGE_SECONDS });
      const after = await calm();
      expect(surge.goodPerSec / peak).toBeGreaterThanOrEqual(goodput);
      expect(surge.admitted.percentileMs(99) / before.admitted.percentileMs(99)).toBeLessThanOrEqual(P99_RATIO_MAX);
      expect(recoverySec(before, after)).toBeLessThanOrEqual(RECOVERY_SECONDS_MAX);
    },
  );

  it('a retry storm ends with its cause', async () => {
    const before = await calm();
    const storm = await rig.client.run({ ratePerSec: 2 * peak, seconds: CALM_SECONDS, retriesMax: 5 });
    // The cause is gone, the habit stays: at half load nothing fails that could be repeated.
    const after = await rig.client.run({ ratePerSec: peak / 2, seconds: CALM_SECONDS, retriesMax: 5 });
    expect(storm.goodPerSec / peak).toBeGreaterThanOrEqual(0.85);
    expect(recoverySec(before, after)).toBeLessThanOrEqual(RECOVERY_SECONDS_MAX);
  });
});
