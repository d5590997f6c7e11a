import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TrafficCurve } from '../../engine/budget/pacing/traffic-curve.ts';
import type { TrafficMemory } from '../../engine/ports/traffic-memories.ts';
import type { CreateTestDatabase, TestDatabase } from './testing/databases.ts';
import { LedgerWorld } from './testing/world.ts';
import { openTrafficMemories } from './traffic-memories.ts';

/** Learned from so many events in one slot. */
function learned(events: number, slotOfWeek = 300): TrafficMemory {
  const curve = new TrafficCurve();
  curve.observe(slotOfWeek, events, 900_000);
  return curve.memory;
}

export function trafficMemoriesContract(name: string, createDatabase: CreateTestDatabase): void {
  describe(`${name} keeps the TrafficMemories contract`, () => {
    let test: TestDatabase;
    beforeEach(async () => {
      test = await createDatabase();
      await new LedgerWorld(test).setTerms();
    });
    afterEach(() => test.dispose());
    const keep = (memory: TrafficMemory, accountId = 'c1') =>
      openTrafficMemories(test.database).keep(new Map([[accountId, memory]]));
    const read = () => openTrafficMemories(test.database).read(['c1', 'unknown']);

    it('gives back what was kept last', async () => {
      expect(await read()).toEqual(new Map());
      await keep(learned(100));
      await keep(learned(70, 5));
      expect(await read()).toEqual(new Map([['c1', learned(70, 5)]]));
    });

    it('one that hardly knows replaces none but what is old', async () => {
      await keep(learned(100));
      await keep(learned(49));
      expect(await read()).toEqual(new Map([['c1', learned(100)]]));
      await test.database.query('UPDATE traffic_memory SET kept_at_ms = kept_at_ms - 86400000');
      await keep(learned(49));
      expect(await read()).toEqual(new Map([['c1', learned(49)]]));
    });

    it('keeps nothing of accounts that are not known, and the rest all the same', async () => {
      const memories = new Map([
        ['c1', learned(1)],
        ['gone', learned(2)],
      ]);
      await openTrafficMemories(test.database).keep(memories);
      expect([...(await openTrafficMemories(test.database).read(['c1', 'gone'])).keys()]).toEqual(['c1']);
    });
  });
}
