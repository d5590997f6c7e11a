import { describe, expect, it } from 'vitest';
import { measureUtilisation, type PressureSignals, type Utilisation } from './utilisation.ts';

const LIMITS = { loopDelayMsMax: 20, queueAgeMsMax: 30, heapShareShed: 0.85 };
const CALM: PressureSignals = { loopDelayMs: 0, queueAgeMs: 0, heapShare: 0.3 };

function measured(inFlight: number, signals: Partial<PressureSignals> = {}): Utilisation {
  const into: Utilisation = { value: Number.NaN, cause: 'heap' };
  measureUtilisation(into, inFlight, 20, { ...CALM, ...signals }, LIMITS);
  return into;
}

describe('utilisation', () => {
  it('is what is in flight of the limit when nothing else presses', () => {
    expect(measured(10)).toEqual({ value: 0.5, cause: 'concurrency' });
  });

  it('is the worst of its parts and names it', () => {
    expect(measured(10, { loopDelayMs: 15, queueAgeMs: 6 })).toEqual({ value: 0.75, cause: 'loop-delay' });
    expect(measured(10, { loopDelayMs: 5, queueAgeMs: 45 })).toEqual({ value: 1.5, cause: 'queue-age' });
  });

  it('begins to shed at the configured heap share; half a heap is no pressure', () => {
    expect(measured(0, { heapShare: 0.5 }).value).toBe(0);
    const { value, cause } = measured(0, { heapShare: 0.85 });
    expect(value).toBeCloseTo(0.9);
    expect(cause).toBe('heap');
    expect(measured(0, { heapShare: 0.92 }).value).toBeGreaterThan(1);
  });
});
