import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ByteAllowance } from './byte-allowance.ts';

it('lets through a second at once, then as much as is earned', () => {
  const allowance = new ByteAllowance(1000, 0);
  expect(allowance.take(1000, 0)).toBe(0);
  expect(allowance.take(500, 0)).toBe(500);
  expect(allowance.take(500, 1000)).toBe(0);
  expect(allowance.take(3000, 1000)).toBe(3000);
});

it('never lets more through than the rate and one second of it', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ bytes: fc.nat(5000), pauseMs: fc.nat(3000) }), { minLength: 1, maxLength: 50 }),
      (takes) => {
        const allowance = new ByteAllowance(1000, 0);
        let nowMs = 0;
        let total = 0;
        for (const { bytes, pauseMs } of takes) {
          nowMs += pauseMs;
          nowMs += allowance.take(bytes, nowMs);
          total += bytes;
          expect(total).toBeLessThanOrEqual(1000 + nowMs + 0.001);
        }
      },
    ),
  );
});
