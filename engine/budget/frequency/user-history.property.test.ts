import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CapRule } from '../../ports/frequency-store.ts';
import { UserHistory } from './user-history.ts';

const SCOPES = ['c:spring', 'a:acme'];
const KEPT_MS = 1000;

const step = fc.record({
  // So that impressions often are exactly a window apart.
  waitMs: fc.integer({ min: 0, max: 8 }).map((steps) => steps * 50),
  isGivenBack: fc.boolean(),
  pick: fc.nat(),
});
const rule: fc.Arbitrary<CapRule> = fc.record({
  scope: fc.constantFrom(...SCOPES),
  count: fc.integer({ min: 1, max: 4 }),
  windowMs: fc.option(fc.constantFrom(100, 500, KEPT_MS)),
});

test('every cap holds in every window, at every moment, and nothing is refused that keeps them all', () => {
  fc.assert(
    fc.property(fc.array(rule, { minLength: 1, maxLength: 3 }), fc.array(step, { maxLength: 60 }), (rules, steps) => {
      const history = new UserHistory();
      const counted = SCOPES.map((scope) => ({ scope, momentsKeptMs: KEPT_MS, countKeptMs: 1e9 }));
      let shown: { readonly id: string; readonly atMs: number }[] = [];
      let nowMs = 0;
      for (const [number, { waitMs, isGivenBack, pick }] of steps.entries()) {
        nowMs += waitMs;
        if (isGivenBack && shown.length > 0) {
          const one = shown[pick % shown.length]!;
          // What is too old to be known stays counted.
          if (nowMs - one.atMs >= KEPT_MS) continue;
          history.giveBack(one.id, SCOPES);
          shown = shown.filter((other) => other !== one);
          continue;
        }
        const holds = rules.every(
          ({ count, windowMs }) => shown.filter(({ atMs }) => nowMs - atMs < (windowMs ?? 1e9)).length < count,
        );
        const { kind } = history.take({ requestId: String(number), counted, rules }, nowMs);
        expect(kind).toBe(holds ? 'taken' : 'capped');
        if (holds) shown.push({ id: String(number), atMs: nowMs });
      }
    }),
    { numRuns: 1000 },
  );
});
