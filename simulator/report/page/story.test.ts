import { describe, expect, it } from 'vitest';
import type { RunRecord } from '../../world/run-record.ts';
import { storyOf } from './story.ts';
import { smallRecord } from './testing/small-record.ts';

describe('the story of a run', () => {
  it('tells what was done to it and what followed', () => {
    const { headline, sentences } = storyOf(smallRecord());
    expect(headline).toBe('An hour of 3,000 requests, with dsp-x silent from 10:20 to 10:40');
    expect(sentences).toEqual([
      'The breaker of dsp-x opened 2 s after the fault began and was closed for good at 10:41.',
      'With dsp-x silent, revenue per request was 20.0% lower than without faults.',
      'Of the requests, 30 (1.0%) were shed and 10 (0.33%) were not answered in time.',
      '10.0% of the answers were decided with fallback estimates.',
    ]);
  });

  it('says when there was nothing to tell', () => {
    const record: RunRecord = { ...smallRecord(), faults: [], states: [] };
    const totals = { ...record.totals, shed: {}, unanswered: 0, fallbacks: 0 };
    expect(storyOf({ ...record, totals, checks: [] })).toEqual({
      headline: 'An hour of 3,000 requests, without a fault',
      sentences: ['Every request was answered.'],
      judgement: { kind: 'unknown', text: 'Nothing was checked' },
    });
  });

  it('tells two of many faults one by one, and their effect together', () => {
    const fault = smallRecord().faults[0]!;
    const faults = [fault, { ...fault, kind: 'solar-flare', target: 'eu' }, { ...fault, target: 'dsp-y' }];
    const { headline, sentences } = storyOf({ ...smallRecord(), faults });
    expect(headline).toBe(
      'An hour of 3,000 requests, with dsp-x silent from 10:20 to 10:40, solar-flare at eu from 10:20 to 10:40, and one more fault',
    );
    expect(sentences).toContain('While faults lasted, revenue per request was 20.0% lower than without faults.');
  });

  it('spells lengths out', () => {
    expect(storyOf({ ...smallRecord(), durationMs: 7_200_000 }).headline).toMatch(/^2 hours of/);
  });

  it('does not compare intervals that a fault fills for less than a half', () => {
    const faults = [{ ...smallRecord().faults[0]!, untilMs: 1_201_000 }];
    expect(storyOf({ ...smallRecord(), faults }).sentences.join()).not.toContain('revenue');
  });

  it('says that a breaker stayed open, and that processes were down', () => {
    const states: RunRecord['states'] = [
      { kind: 'breaker', subject: 'dsp-x', state: 'open', fromMs: 1_300_000, untilMs: 3_600_000 },
      { kind: 'process', subject: 'engine-1', state: 'down', fromMs: 3_570_000, untilMs: 9_999_999 },
    ];
    expect(storyOf({ ...smallRecord(), states }).sentences.slice(0, 2)).toEqual([
      'The breaker of dsp-x opened 1.67 min after the fault began and was not closed again by the end.',
      'A process was down once, 30 s in all.',
    ]);
  });

  it('knows the breakers of each engine, and nothing of what is after the end', () => {
    const states: RunRecord['states'] = [
      { kind: 'breaker', subject: 'dsp-x at eu-1', state: 'open', fromMs: 1_205_000, untilMs: 1_800_000 },
      { kind: 'process', subject: 'eu-1', state: 'down', fromMs: 3_630_000, untilMs: 3_630_000 },
    ];
    expect(storyOf({ ...smallRecord(), states }).sentences.slice(0, 2)).toEqual([
      'The breaker of dsp-x opened 5 s after the fault began and was closed for good at 10:30.',
      'With dsp-x silent, revenue per request was 20.0% lower than without faults.',
    ]);
  });

  it.each([
    [[['O1', 5, ['one']]], 'bad', 'one of one check failed: O1 (must hold)'],
    [
      [
        ['O1', 5, []],
        ['O2', 0, []],
      ],
      'good',
      'one check held; O2 had nothing to judge',
    ],
    [[['O1', 0, []]], 'unknown', 'Nothing was checked'],
  ] as const)('judges checks %j as %s', (checks, kind, text) => {
    const figures = checks.map(([id, judged, violations]) => ({ id, name: 'must hold', judged, violations }));
    const { judgement } = storyOf({ ...smallRecord(), checks: figures });
    expect(judgement.kind).toBe(kind);
    expect(judgement.text.toLowerCase()).toBe(text.replace('one of', '1 of').toLowerCase());
  });
});
