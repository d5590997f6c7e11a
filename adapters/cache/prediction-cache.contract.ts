/** What every `PredictionCache` must do. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TAG_ALL } from '../../engine/estimation/cache/invalidations.ts';
import type { PredictionCache, PredictionToStore } from '../../engine/ports/prediction-cache.ts';

export interface PredictionCacheHarness {
  /** Two that see the same predictions: of two processes, or one and the same. */
  readonly caches: readonly [PredictionCache, PredictionCache];
  /** Each of its own: a lock is held against others. */
  readonly isShared: boolean;
  readonly dispose: () => Promise<void>;
}

export function prediction(key: number, changes: Partial<PredictionToStore> = {}): PredictionToStore {
  return { key, value: 0.1, ageMs: 0, keptMs: 60_000, campaignTag: 11, userTag: -22, deviceTag: 44, ...changes };
}

export function predictionCacheContract(name: string, createHarness: () => Promise<PredictionCacheHarness>): void {
  describe(`${name} keeps the PredictionCache contract`, () => {
    let harness: PredictionCacheHarness;
    let here: PredictionCache;
    let there: PredictionCache;
    beforeEach(async () => {
      harness = await createHarness();
      [here, there] = harness.caches;
    });
    afterEach(() => harness.dispose());

    it('gives what was stored, in the order of the keys, with its age', async () => {
      await here.store([prediction(1, { value: 0.123456789012345, ageMs: 5000 }), prediction(2 ** 53 - 1)]);
      const [last, none, first] = await there.fetch([2 ** 53 - 1, 3, 1]);
      expect(last!.value).toBe(0.1);
      expect(none).toBeNull();
      expect(first!.value).toBe(0.123456789012345);
      expect(first!.ageMs).toBeGreaterThanOrEqual(5000);
      expect(first!.ageMs).toBeLessThan(35_000);
    });

    it('takes no keys and no predictions', async () => {
      await here.store([]);
      expect(await here.fetch([])).toEqual([]);
    });

    it('forgets in time', async () => {
      await here.store([prediction(1, { keptMs: 100 }), prediction(2, { keptMs: 1000, ageMs: 1000 })]);
      await vi.waitFor(async () => expect(await there.fetch([1, 2])).toEqual([null, null]), 5000);
    });

    it('an older prediction does not replace a younger one', async () => {
      await here.store([prediction(1, { value: 0.2 })]);
      await there.store([prediction(1, { value: 0.3, ageMs: 5000 })]);
      expect((await here.fetch([1]))[0]!.value).toBe(0.2);
      await there.store([prediction(1, { value: 0.4 })]);
      expect((await here.fetch([1]))[0]!.value).toBe(0.4);
    });

    it.each([
      ['its campaign', 11],
      ['its user', -22],
      ['its device', 44],
      ['all', TAG_ALL],
    ])('invalidates by %s, also what was made before and is stored after', async (_name, tag) => {
      await here.store([prediction(1)]);
      await there.invalidate(tag);
      expect(await here.fetch([1])).toEqual([null]);
      await here.store([prediction(1, { ageMs: 1000 })]);
      expect(await here.fetch([1])).toEqual([null]);
      await vi.waitFor(async () => {
        await here.store([prediction(1)]);
        expect((await there.fetch([1]))[0]).not.toBeNull();
      }, 5000);
    });

    it('leaves others', async () => {
      await here.store([prediction(1)]);
      await here.invalidate(33);
      expect((await there.fetch([1]))[0]).not.toBeNull();
    });

    it('tells of an invalidation here and there', async () => {
      const told: string[] = [];
      here.onInvalidated((tag) => told.push(`here ${tag}`));
      there.onInvalidated((tag) => told.push(`there ${tag}`));
      await vi.waitFor(async () => {
        await here.invalidate(-7);
        expect(told).toEqual(expect.arrayContaining(['here -7', 'there -7']));
      }, 5000);
    });

    it('one of many gets the lock', async () => {
      const taken = await Promise.all(
        Array.from({ length: 20 }, (_, index) => (index % 2 ? here : there).lock(1, 5000)),
      );
      expect(taken.filter(Boolean)).toHaveLength(1);
      expect(await here.lock(2, 5000)).toBe(true);
    });

    it('a lock ends with the answer, when it is given back, and in time', async () => {
      await here.lock(1, 60_000);
      await here.store([prediction(1)]);
      expect(await there.lock(1, 60_000)).toBe(true);
      await there.unlock(1);
      expect(await here.lock(1, 50)).toBe(true);
      await vi.waitFor(async () => expect(await there.lock(1, 50)).toBe(true), 5000);
    });

    it('a lock is given back by its holder alone', async () => {
      if (!harness.isShared) return;
      await here.lock(1, 60_000);
      await there.unlock(1);
      expect(await there.lock(1, 60_000)).toBe(false);
    });

    it('rejects after close with the code closed', async () => {
      await here.close();
      await expect(here.fetch([1])).rejects.toMatchObject({ name: 'PredictionCacheError', code: 'closed' });
      await expect(here.store([prediction(1)])).rejects.toMatchObject({ code: 'closed' });
      await expect(here.lock(1, 10)).rejects.toMatchObject({ code: 'closed' });
      await here.close();
    });
  });
}
