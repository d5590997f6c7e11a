import { expect, it } from 'vitest';
import { DemandRate } from './demand-rate.ts';

it('a steady demand is right from early on', () => {
  const rate = new DemandRate(5000, 0);
  for (let nowMs = 0; nowMs <= 1000; nowMs += 10) rate.observe(50, nowMs);
  expect(rate.perMs(1000)).toBeGreaterThan(4);
  expect(rate.perMs(1000)).toBeLessThan(6);
  for (let nowMs = 1010; nowMs <= 60_000; nowMs += 10) rate.observe(50, nowMs);
  expect(rate.perMs(60_000)).toBeCloseTo(5, 1);
});

it('the first price is no rate', () => {
  const rate = new DemandRate(5000, 0);
  rate.observe(1000, 0);
  expect(rate.perMs(0)).toBe(2);
});

it('fades', () => {
  const rate = new DemandRate(5000, 0);
  rate.observe(1000, 0);
  expect(rate.perMs(100_000)).toBeLessThan(1e-6);
});

it('a clock that stands still changes nothing', () => {
  const rate = new DemandRate(5000, 0);
  rate.observe(1000, 1000);
  expect(rate.perMs(1000)).toBe(rate.perMs(900));
});
