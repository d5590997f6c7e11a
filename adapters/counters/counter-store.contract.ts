/** What every `CounterStore` must do. An implementation's test calls this with a way to open it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Counts, noCounts, WINDOW_MS, windowOf } from '../../engine/counters/counts.ts';
import { type CountedEvent, OTHER_ID, type Thing } from '../../engine/counters/dimensions.ts';
import type { CounterStore } from '../../engine/ports/counter-store.ts';
import type { CounterBounds } from './counter-store.embedded.ts';

export interface CounterStoreHarness {
  readonly store: CounterStore;
  /** Of the store, epoch ms. */
  readonly nowMs: () => number;
  readonly dispose: () => Promise<void>;
}

export const BOUNDS: CounterBounds = { keptMs: 3_600_000, thingsMax: 100, rememberedMax: 10_000 };
export const SPRING: Thing = { dimension: 'campaign', id: 'spring' };

export function counterStoreContract(
  name: string,
  createHarness: (bounds: CounterBounds) => Promise<CounterStoreHarness>,
): void {
  describe(`${name} keeps the CounterStore contract`, () => {
    let harness: CounterStoreHarness;
    let store: CounterStore;
    beforeEach(async () => {
      harness = await createHarness(BOUNDS);
      store = harness.store;
    });
    afterEach(async () => {
      await store.close();
      await harness.dispose();
    });

    /** The window before the one of now, so that it does not end under our hands. */
    const window = () => windowOf(harness.nowMs()) - WINDOW_MS;
    const all = () => ({ fromMs: harness.nowMs() - 3_600_000, toMs: harness.nowMs() + 120_000 });
    const sum = async (thing = SPRING) => sumOf(await store.read(thing, all()));
    const at = (offset: number, parts: Partial<CountedEvent> = {}) => impression(offset, window(), parts);
    const count = (events: readonly CountedEvent[], toOffset = events.at(-1)!.offset + 1, partition = 0) =>
      store.count({ partition, events, toOffset });

    it('counts by thing, type and window, and sums up what was spent by currency', async () => {
      expect(await store.claim(0)).toBeNull();
      const euro = { currency: 'EUR', nanos: 2 ** 52 };
      const result = await count([
        at(1, { spend: { currency: 'USD', nanos: 1500 } }),
        at(2, { type: 'click', atMs: window() + WINDOW_MS - 1 }),
        at(3, { atMs: window() - 1, spend: euro }),
        at(4, { atMs: window() - 1, spend: euro, things: [{ dimension: 'campaign', id: 'fall' }] }),
        at(5, { spend: { currency: 'USD', nanos: 7 } }),
      ]);
      expect(result).toMatchObject({ counted: { impression: 4, click: 1 }, repeated: 0, outside: 0, overflowed: 0 });
      const windows = await store.read(SPRING, all());
      expect([...windows.keys()]).toEqual([window() - WINDOW_MS, window()]);
      expect(windows.get(window())).toEqual({
        ...{ ...noCounts(), impression: 2, click: 1 },
        spend: new Map([['USD', 1507n]]),
      });
      const campaigns = await store.readAll('campaign', all());
      expect([...campaigns.keys()].sort()).toEqual(['fall', 'spring']);
      expect(campaigns.get('spring')).toMatchObject({ impression: 3, click: 1 });
      await count([at(6, { spend: euro, atMs: window() - 1 })]);
      expect((await sum()).spend.get('EUR')).toBe(2n ** 53n);
      expect(await store.readAll('publisher', all())).toEqual(new Map([['pub', expect.anything()]]));
      expect((await store.read(SPRING, { fromMs: window() - WINDOW_MS, toMs: window() })).size).toBe(1);
    });

    it('keeps the place of each partition with what it has counted', async () => {
      await store.claim(0);
      await store.claim(1);
      await count([at(5)], 9);
      await count([at(7, { id: 'x' })], 8, 1);
      await count([], 20);
      expect(await store.claim(0)).toBe(20);
      expect(await store.claim(1)).toBe(8);
    });

    it('does not count again what comes again', async () => {
      await store.claim(0);
      const batch = [at(1), at(2), at(3)];
      await count(batch);
      await count(batch);
      await count([at(2), at(3), at(4)]);
      await store.claim(0);
      await count([at(3), at(4), at(5)]);
      expect(await sum()).toMatchObject({ impression: 5 });
      expect(await store.claim(0)).toBe(6);
    });

    it('counts an id once, whatever its offset, window, partition or batch', async () => {
      await store.claim(0);
      await store.claim(1);
      const same = { id: 'a/1/impression' };
      expect(await count([at(1, same), at(2, same)])).toMatchObject({ repeated: 1 });
      await count([at(3, { ...same, atMs: window() - WINDOW_MS })]);
      expect(await count([at(1, same)], 2, 1)).toMatchObject({ counted: {}, repeated: 1 });
      expect(await sum()).toMatchObject({ impression: 1 });
    });

    it('remembers at least half as many ids as it may', async () => {
      await store.claim(0);
      const many = Array.from({ length: 12_000 }, (_, offset) => at(offset));
      await count(many);
      const last = many.slice(-5000).map((event, index) => ({ ...event, offset: 12_000 + index }));
      expect(await count(last)).toMatchObject({ repeated: 5000 });
      expect(await sum()).toMatchObject({ impression: 12_000 });
    });

    it('leaves out what is older than it keeps, and what is of the future', async () => {
      await store.claim(0);
      const result = await count([
        at(1, { atMs: harness.nowMs() - BOUNDS.keptMs - 2 * WINDOW_MS }),
        at(2, { atMs: harness.nowMs() + 3 * 60_000 }),
        at(3, { atMs: harness.nowMs() + 30_000 }),
        at(4, { atMs: harness.nowMs() - BOUNDS.keptMs + WINDOW_MS }),
      ]);
      expect(result).toMatchObject({ counted: { impression: 2 }, outside: 2 });
    });

    it('counts things as others when a window has no room for more', async () => {
      await store.claim(0);
      const things = (index: number): Thing[] => [{ dimension: 'creative', id: `ad-${index}` }];
      await count(Array.from({ length: 90 }, (_, index) => at(index, { things: things(index) })));
      const more = Array.from({ length: 40 }, (_, index) => at(100 + index, { things: things(80 + index) }));
      expect(await count(more)).toMatchObject({ overflowed: 20 });
      await count([at(200, { things: things(500) }), at(201, { things: things(3) })]);
      const all_ = await store.readAll('creative', all());
      expect(all_.size).toBe(101);
      expect(all_.get(OTHER_ID)).toMatchObject({ impression: 21 });
      expect(all_.get('ad-3')).toMatchObject({ impression: 2 });
      expect([...all_.values()].reduce((total, { impression }) => total + impression, 0)).toBe(132);
    });

    it('says since when it has counted', async () => {
      await store.claim(0);
      const startedAtMs = (await store.startedAtMs())!;
      expect(Math.abs(startedAtMs - harness.nowMs())).toBeLessThan(60_000);
      await count([at(1)]);
      await store.claim(0);
      expect(await store.startedAtMs()).toBe(startedAtMs);
    });

    it('rejects when it is closed', async () => {
      await store.close();
      await expect(store.claim(0)).rejects.toMatchObject({ name: 'CounterStoreError', code: 'closed' });
      await expect(store.read(SPRING, all())).rejects.toMatchObject({ code: 'closed' });
    });
  });
}

export function impression(offset: number, windowMs: number, parts: Partial<CountedEvent> = {}): CountedEvent {
  return {
    offset,
    id: `event-${offset}`,
    atMs: windowMs,
    type: 'impression',
    things: [{ dimension: 'publisher', id: 'pub' }, SPRING],
    spend: null,
    ...parts,
  };
}

export function sumOf(windows: ReadonlyMap<number, Counts>): Counts {
  const sum = noCounts();
  for (const counts of windows.values()) {
    sum.impression += counts.impression;
    sum.click += counts.click;
    for (const [currency, nanos] of counts.spend) sum.spend.set(currency, (sum.spend.get(currency) ?? 0n) + nanos);
  }
  return sum;
}
