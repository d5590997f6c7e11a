import { expect, it } from 'vitest';
import { faultBands, joined } from './fault-bands.ts';
import { virtualClock } from './virtual-clock.ts';

const CLOCK = virtualClock(0, 3_600_000);

function fault(kind: string, fromMs: number, untilMs: number) {
  return { kind, target: 'dsp-x', fromMs, untilMs };
}

it('joins spans that overlap or nearly touch, in whatever order they come', () => {
  const spans = [fault('a', 50, 60), fault('a', 0, 20), fault('a', 5, 10), fault('a', 22, 30)];
  expect(joined(spans, 2)).toEqual([
    [0, 30],
    [50, 60],
  ]);
});

it('draws one band for what is too close to be told apart, and cuts at the end of the run', () => {
  const { bands } = faultBands(
    [fault('a', 0, 1000), fault('a', 2000, 9_999_999), fault('b', 4_000_000, 5_000_000)],
    CLOCK,
  );
  expect(bands.map(({ kind, fromMs, untilMs }) => [kind, fromMs, untilMs])).toEqual([['a', 0, 3_600_000]]);
});

it('names a few faults, and counts many', () => {
  const two = faultBands([fault('a', 0, 60_000), fault('b', 0, 60_000)], CLOCK);
  expect(two.legend.map(({ label }) => label)).toEqual([
    'fault: a at dsp-x from 00:00 to 00:01',
    'fault: b at dsp-x from 00:00 to 00:01',
  ]);
  const many = faultBands(
    Array.from('aaabcdefgh', (kind) => fault(kind, 0, 60_000)),
    CLOCK,
  );
  expect(many.legend.map(({ label }) => label)).toEqual([
    'fault: a (3 times)',
    ...['b', 'c', 'd', 'e', 'f'].map((kind) => `fault: ${kind} (once)`),
    '2 more kinds of faults',
  ]);
});
