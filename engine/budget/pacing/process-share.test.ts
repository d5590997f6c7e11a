import { expect, it } from 'vitest';
import { ProcessShare } from './process-share.ts';

it('a share follows what was spent, and money that comes back is no spend', () => {
  const share = new ProcessShare(0.125, 100, 1_000_000, 0);
  const steady = { throttle: 0.5, multiplier: 1 };
  expect(share.next(steady, 10_000)).toBeCloseTo(0.125);
  let unspent = 1_000_000;
  for (let tick = 1; tick <= 100; tick++) {
    unspent -= 4000;
    share.observe(1000, unspent, tick * 10_000);
  }
  expect(share.current).toBeCloseTo(0.25);
  share.observe(0, unspent + 500_000, 1_010_000);
  expect(share.current).toBeCloseTo(0.25);
  expect(share.next({ throttle: 0.1, multiplier: 1 }, 600_000)).toBeGreaterThan(0.25);
  expect(share.next({ throttle: 1, multiplier: 1 }, 600_000)).toBeLessThan(0.25);
});
