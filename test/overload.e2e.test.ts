/** The engine as `serve` runs it under more load than it can take, short and with wide margins; figures are `npm run bench`'s. */
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import type { PhaseTally } from '../bench/load/phase-tally.ts';
import type { OverloadRig } from '../bench/overload-rig.ts';

const built = new URL('../dist/bench/overload-rig.js', import.meta.url);
/** So many that a core is full of a few hundred auctions a second. */
const DSP_COUNT = 50;
const SMALL_LIMIT = {
  'admission.limitMin': 4,
  'admission.limitInitial': 8,
  'admission.limitMax': 8,
  'admission.burstMax': 16,
};

// Processes that node starts from compiled files.
describe.skipIf(!existsSync(built))('overload on real sockets (after npm run build)', () => {
  let rig: OverloadRig;
  afterEach(() => rig.close());

  async function start(config: Readonly<Record<string, unknown>> = {}): Promise<OverloadRig> {
    const { startOverloadRig }: typeof import('../bench/overload-rig.ts') = await import(
      pathToFileURL(built.pathname).href
    );
    rig = await startOverloadRig({ dspCount: DSP_COUNT, seed: 1, config });
    return rig;
  }

  it('a process that has just started refuses none of 50 at once', async () => {
    const { client } = await start({ 'server.warmUpAuctions': 0 });
    const { admitted, refusedCount } = await client.burst(50);
    expect(refusedCount).toBe(0);
    expect(admitted.count).toBeGreaterThan(0);
  });

  it('clients who repeat all that fails cannot topple it, and it is back when they stop', async () => {
    // So small a limit makes the same load too much for a fast machine, too.
    const { client, engine } = await start(SMALL_LIMIT);
    const before = await client.run({ ratePerSec: 100, seconds: 2 });
    const storm = await client.run({ ratePerSec: 700, seconds: 4, retriesMax: 5 });
    expect(storm.refusedCount).toBeGreaterThan(0);
    // Without admission the queue is longer than any deadline after the first second, and nothing is answered in time.
    const goodPerSec = storm.seconds.slice(1).reduce((sum, { good }) => sum + good, 0) / 3;
    expect(goodPerSec).toBeGreaterThan(before.goodPerSec / 2);
    expect(storm.refused.percentileMs(50)).toBeLessThan(storm.admitted.percentileMs(50));
    expect((await fetch(`${engine.url}/metrics`)).status).toBe(200);
    const oneSecond = (): Promise<PhaseTally> => client.run({ ratePerSec: 100, seconds: 1 });
    await expect.poll(async () => (await oneSecond()).goodPerSec, { timeout: 40_000 }).toBeGreaterThan(75);
  }, 120_000);
});
