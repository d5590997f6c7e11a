import { expect, test } from 'vitest';
import { dspsOfWorkers } from './dsp-states.ts';
import type { DspState } from './messages.ts';

function state(id: string, parts: Partial<DspState>): DspState {
  return {
    id,
    origin: `http://${id}`,
    breaker: 'closed',
    inFlight: 0,
    callCount: 0,
    skipCounts: {},
    ...parts,
  } as DspState;
}

test('sums what is counted and shows what each worker learned', () => {
  const skipped = (throttled: number) => ({ throttled, 'over-qps': 1 }) as DspState['skipCounts'];
  const dsps = dspsOfWorkers(
    new Map([
      [2, [state('a', { callCount: 3, inFlight: 1, skipCounts: skipped(1), breaker: 'open' }), state('b', {})]],
      [1, [state('a', { callCount: 4, inFlight: 2, skipCounts: skipped(5) }), state('b', {})]],
    ]),
    ['b', 'a', 'of-nobody'],
  );
  expect(dsps.map(({ id }) => id)).toEqual(['b', 'a']);
  expect(dsps[1]).toMatchObject({
    origin: 'http://a',
    callCount: 7,
    inFlight: 3,
    skipCounts: { throttled: 6, 'over-qps': 2 },
    workers: [
      { worker: 1, breaker: 'closed', callCount: 4 },
      { worker: 2, breaker: 'open', callCount: 3 },
    ],
  });
});
