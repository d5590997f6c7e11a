import { describe, expect, it } from 'vitest';
import { runWaitingStudy, WAITING_STUDY } from './waiting-study.ts';

describe('waiting study, short', () => {
  const results = runWaitingStudy({ ...WAITING_STUDY, seconds: 40, warmUpSeconds: 20 });
  const [hard, adaptive, progressive, both] = results as [Result, Result, Result, Result];
  type Result = (typeof results)[number];

  it('the progressive auction answers sooner than both timeouts', () => {
    expect(progressive.meanMs).toBeLessThan(0.96 * Math.min(hard.meanMs, adaptive.meanMs));
    expect(progressive.p50Ms).toBeLessThan(Math.min(hard.p50Ms, adaptive.p50Ms));
  });

  it('and keeps nearly all of the revenue', () => {
    expect(progressive.revenueMicros / hard.revenueMicros).toBeGreaterThan(0.995);
    expect(both.revenueMicros / adaptive.revenueMicros).toBeGreaterThan(0.995);
  });
});
