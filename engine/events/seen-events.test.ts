import { expect, it } from 'vitest';
import { SeenEvents } from './seen-events.ts';

it('remembers at least half of what it may, and never more', () => {
  const seen = new SeenEvents(10);
  for (let id = 0; id < 1000; id++) {
    expect(seen.has(String(id))).toBe(false);
    seen.add(String(id));
    for (let back = 0; back < Math.min(5, id + 1); back++) expect(seen.has(String(id - back))).toBe(true);
    expect(seen.has(String(id - 10))).toBe(false);
  }
});
