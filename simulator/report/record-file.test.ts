import { describe, expect, it } from 'vitest';
import type { RunRecord } from '../world/run-record.ts';
import { dayComparison } from './page/testing/day-record.ts';
import { smallRecord } from './page/testing/small-record.ts';
import { parseRecord, RecordError } from './record-file.ts';

function refusalOf(text: string): string {
  try {
    parseRecord(text);
  } catch (error) {
    expect(error).toBeInstanceOf(RecordError);
    return (error as Error).message;
  }
  return 'none';
}

describe('a record', () => {
  it('is read as it is', () => {
    for (const record of [smallRecord(), dayComparison(2)]) expect(parseRecord(JSON.stringify(record))).toEqual(record);
  });

  it('may have keys that are not known yet', () => {
    expect(parseRecord(JSON.stringify({ ...smallRecord(), weather: 'fine' })).kind).toBe('run');
  });

  it.each([
    ['', 'is not JSON; gavel simulate --world … --out FILE writes records of runs'],
    ['null', 'kind: must be "run" or "comparison", is missing'],
    ['{"kind":"diary"}', 'kind: must be "run" or "comparison", is "diary"'],
    ['{"kind":"run","version":2}', 'version: this build of Gavel reads 1, the file has 2'],
    ['{"kind":"run","version":1}', 'identity: is missing'],
  ])('%s is refused', (text, message) => expect(refusalOf(text)).toBe(message));

  const small = smallRecord();
  it.each<[string, Partial<RunRecord>, string]>([
    ['a text for a number', { durationMs: 'long' as never }, 'durationMs: must be number'],
    ['no time at all', { durationMs: 0 }, 'durationMs: must be > 0'],
    ['a date that is none', { startedAtMs: 1e300 }, 'startedAtMs: must be <= 8000000000000000'],
    ['an interval without requests', { intervals: [{} as never] }, 'intervals[0].fromMs: is missing'],
    [
      'an unknown state',
      { states: [{ ...small.states[0]!, kind: 'mood' as never }] },
      'states[0].kind: must be equal to one of the allowed values: breaker, throttle, shedding, fallback, process, failover',
    ],
    [
      'intervals out of order',
      { intervals: [small.intervals[1]!, small.intervals[0]!, small.intervals[2]!] },
      'intervals[1].fromMs: must be in order and before durationMs, is 0',
    ],
    [
      'a short list',
      { campaigns: [{ ...small.campaigns[0]!, pace: [1] }] },
      'campaigns[0].pace: must have one entry for each of the 3 intervals, has 1',
    ],
  ])('with %s is refused', (_name, change, message) => {
    expect(refusalOf(JSON.stringify({ ...small, ...change }))).toBe(message);
  });

  it('of a comparison must have a value for every arm and seed', () => {
    const comparison = dayComparison(3);
    const metrics = [
      {
        ...comparison.metrics[0]!,
        values: [
          [1, 2, 3],
          [1, 2],
          [1, 2, 3],
        ],
      },
    ];
    expect(refusalOf(JSON.stringify({ ...comparison, metrics }))).toBe(
      'metrics[0].values[1]: must have one entry for each of the 3 seeds, has 2',
    );
  });
});
