import { describe, expect, it } from 'vitest';
import { type CallOutcome, createDspHealth, DSP_SKIP_REASONS, decide, record, snapshot } from './dsp-health.ts';
import type { ReplyResult } from './reply.ts';
import {
  ANSWERS,
  type Behaviour,
  FAILS,
  failsOften,
  flaps,
  HANGS,
  logNormal,
  OPTIONS,
  SimulatedDsp,
} from './testing/simulate-dsp.ts';

const half = () => 0.5;

function outcome(result: ReplyResult, more: Partial<CallOutcome> = {}): CallOutcome {
  return { result, latencyMs: 10, timeoutMs: 30, isProbe: false, isLocalFault: false, blockedMs: 0, ...more };
}

/** The state after 40 seconds in which every second of 400 calls ended with `second`, the others with a no-bid. */
function stateAfter(second: CallOutcome): string {
  const health = createDspHealth(OPTIONS, 0);
  for (let i = 0; i < 400; i++) record(health, i % 2 === 0 ? second : outcome('no-bid'), i * 100, half);
  return snapshot(health, 40_000).breaker;
}

describe('decision', () => {
  it('calls a DSP it knows nothing about, with the configured timeout', () => {
    const health = createDspHealth(OPTIONS, 0);
    expect(decide(health, 0, 100, half)).toEqual({ kind: 'call', timeoutMs: 30, isProbe: false, isAwaited: true });
  });

  it('goes on calling whoever fails where protection is off, within time and capacity', () => {
    const health = createDspHealth({ ...OPTIONS, isProtected: false, inFlightMax: 1 }, 0);
    for (let i = 0; i < 400; i++) {
      expect(decide(health, i * 100, 100, half)).toEqual({
        kind: 'call',
        timeoutMs: 30,
        isProbe: false,
        isAwaited: true,
      });
      record(health, outcome('timeout', { latencyMs: 30 }), i * 100, half);
    }
    expect(decide(health, 40_000, 4, half)).toMatchObject({ reason: 'no-time' });
    expect(decide(health, 40_000, 100, half)).toMatchObject({ kind: 'call' });
    expect(decide(health, 40_000, 100, half)).toMatchObject({ reason: 'at-capacity' });
  });

  it('waits no longer than the auction has left, in whole milliseconds', () => {
    const health = createDspHealth(OPTIONS, 0);
    expect(decide(health, 0, 12.9, half)).toMatchObject({ timeoutMs: 12 });
    expect(decide(health, 0, 4.99, half)).toEqual({ kind: 'skip', reason: 'no-time' });
  });

  it('caps calls under way', () => {
    const health = createDspHealth({ ...OPTIONS, inFlightMax: 2 }, 0);
    decide(health, 0, 100, half);
    decide(health, 0, 100, half);
    expect(decide(health, 0, 100, half)).toEqual({ kind: 'skip', reason: 'at-capacity' });
    record(health, outcome('not-sent', { latencyMs: 0 }), 0, half);
    expect(decide(health, 0, 100, half).kind).toBe('call');
  });

  it('frees the place of a call that ended by our own fault', () => {
    const health = createDspHealth({ ...OPTIONS, inFlightMax: 1 }, 0);
    decide(health, 0, 100, half);
    record(health, outcome('timeout', { isLocalFault: true }), 30, half);
    expect(decide(health, 30, 100, half).kind).toBe('call');
  });

  it('caps calls per second', () => {
    const health = createDspHealth({ ...OPTIONS, callsPerSecondMax: 10 }, 0);
    expect(decide(health, 0, 100, half).kind).toBe('call');
    expect(decide(health, 50, 100, half)).toEqual({ kind: 'skip', reason: 'over-qps' });
    expect(decide(health, 101, 100, half).kind).toBe('call');
  });

  it('lets no auction wait for a DSP after three calls in a row that were too late, until it answers', () => {
    const health = createDspHealth(OPTIONS, 0);
    const isAwaited = () => (decide(health, 0, 100, half) as { isAwaited: boolean }).isAwaited;
    const seen = [];
    for (const result of [
      'timeout',
      'timeout',
      'timeout',
      'http-error',
      'timeout',
      'timeout',
      'timeout',
      'bid',
    ] as const) {
      seen.push(isAwaited());
      record(health, outcome(result, { latencyMs: 30 }), 0, half);
    }
    expect(seen).toEqual([true, true, true, false, true, true, true, false]);
    expect(isAwaited()).toBe(true);
  });

  it('takes neither a token nor a place for a call that is not worth making', () => {
    const health = createDspHealth({ ...OPTIONS, callsPerSecondMax: 10, inFlightMax: 1 }, 0);
    for (let i = 0; i < 100; i++) {
      expect(decide(health, 0, 100, half, 'low-value')).toEqual({ kind: 'skip', reason: 'low-value' });
    }
    expect(decide(health, 0, 100, half).kind).toBe('call');
    expect(snapshot(health, 0)).toMatchObject({ state: 'healthy', callShare: 1, errorRatio: null });
  });

  it('asks a DSP under suspicion though the call is not worth making: it is a probe', () => {
    const health = createDspHealth(OPTIONS, 0);
    for (let i = 0; i < 11; i++) record(health, outcome('timeout'), i * 100, half);
    expect(decide(health, 60_000, 100, half, 'low-value')).toMatchObject({ kind: 'call', isProbe: true });
  });

  it('gives equal calls as one object', () => {
    const health = createDspHealth(OPTIONS, 0);
    expect(decide(health, 0, 100, half)).toBe(decide(health, 0, 100, half));
  });

  it('survives outcomes of calls it has not decided (a restarted actor)', () => {
    const health = createDspHealth(OPTIONS, 0);
    record(health, outcome('bid'), 0, half);
    expect(health.inFlight).toBe(0);
  });

  it('counts every skip by its reason', () => {
    const dsp = new SimulatedDsp(1, { ...OPTIONS, callsPerSecondMax: 80 });
    dsp.run(20_000, 100, ANSWERS);
    dsp.run(20_000, 100, HANGS);
    const { skipCounts, callCount } = snapshot(dsp.health, dsp.nowMs);
    expect(Object.keys(skipCounts)).toEqual([...DSP_SKIP_REASONS]);
    expect(skipCounts['over-qps']).toBeGreaterThan(100);
    expect(skipCounts['breaker-open']).toBeGreaterThan(1000);
    expect(callCount + Object.values(skipCounts).reduce((sum, count) => sum + count)).toBe(dsp.offered);
  });
});

describe('what counts as failure', () => {
  it.each(['timeout', 'unreachable', 'http-error', 'invalid', 'unreadable'] as const)('%s does', (result) => {
    expect(stateAfter(outcome(result))).not.toBe('closed');
  });

  it.each(['bid', 'no-bid', 'not-sent', 'skipped'] as const)('%s does not', (result) => {
    expect(stateAfter(outcome(result))).toBe('closed');
  });

  it('nothing does when we are at fault ourselves', () => {
    const health = createDspHealth(OPTIONS, 0);
    const before = snapshot(health, 60_000);
    for (let i = 0; i < 500; i++) record(health, outcome('timeout', { isLocalFault: true }), i * 100, half);
    expect(snapshot(health, 60_000)).toEqual(before);
  });

  it('a timeout does only if what our own loop left of the wait would do for half of its answers', () => {
    for (const [blockedMs, state] of [
      [20, 'healthy'],
      [10, 'open'],
    ] as const) {
      const dsp = new SimulatedDsp(1);
      dsp.run(20_000, 100, logNormal(15, 0.2));
      const { health, nowMs } = dsp;
      for (let i = 1; i <= 20; i++) record(health, outcome('timeout', { blockedMs }), nowMs + i * 100, half);
      expect(snapshot(health, nowMs + 2000).state).toBe(state);
      expect(health.lateRun).toBeGreaterThan(2);
    }
  });

  it('a timeout does not when the auction left less time than half of its answers take', () => {
    const dsp = new SimulatedDsp(1);
    dsp.run(20_000, 100, logNormal(15, 0.2));
    for (let i = 0; i < 600; i++) {
      dsp.run(100, 100, logNormal(15, 0.2), i % 2 === 0 ? 8 : 100);
    }
    expect(dsp.failed / dsp.called).toBeGreaterThan(0.3);
    expect(snapshot(dsp.health, dsp.nowMs).state).toBe('healthy');
  });

  it('timeouts do when a DSP is dead, though the auction leaves less than the configured timeout', () => {
    const dsp = new SimulatedDsp(1);
    dsp.run(20_000, 100, logNormal(15, 0.2));
    dsp.run(2000, 100, HANGS, 28);
    expect(snapshot(dsp.health, dsp.nowMs).state).toBe('open');
  });
});

describe('results that come late', () => {
  function opened() {
    const health = createDspHealth(OPTIONS, 0);
    for (let i = 0; i < 11; i++) record(health, outcome('timeout'), i * 100, half);
    expect(snapshot(health, 1000).breaker).toBe('open');
    return health;
  }

  it('of calls from before the breaker opened are no evidence of healing', () => {
    const health = opened();
    for (let nowMs = 1000; nowMs < 20_000; nowMs += 1000) record(health, outcome('bid'), nowMs, half);
    expect(snapshot(health, 20_000).breaker).toBe('open');
  });

  it('of probes from before it closed do not bring the suspicion back', () => {
    const health = opened();
    for (let nowMs = 1000; nowMs < 120_000; nowMs += 1000)
      record(health, outcome('bid', { isProbe: true }), nowMs, half);
    expect(snapshot(health, 120_000)).toMatchObject({ breaker: 'closed', callShare: 1 });
    record(health, outcome('timeout', { isProbe: true }), 120_000, half);
    expect(snapshot(health, 120_000).callShare).toBe(1);
  });
});

it('learns latency from calls that a finished auction abandoned, not from those never sent', () => {
  const health = createDspHealth(OPTIONS, 0);
  record(health, outcome('not-sent', { latencyMs: 0 }), 0, half);
  expect(health.timeout.histogram.count).toBe(0);
  record(health, outcome('not-sent', { latencyMs: 12 }), 0, half);
  expect([health.timeout.histogram.count, health.timeout.histogram.answeredCount]).toEqual([1, 0]);
});

describe('course of an illness', () => {
  const ILLNESSES: Record<string, Behaviour> = {
    hangs: HANGS,
    'answers only 500': FAILS,
    'refuses connections': () => ({ result: 'unreachable', latencyMs: 0.2 }),
  };
  it.each(Object.keys(ILLNESSES))(
    'one that %s gets less than 5 in 100 calls within 2 s, more than 90 within 10 s of healing',
    (illness) => {
      const sick = ILLNESSES[illness]!;
      for (const perSecond of [20, 50, 200, 1000]) {
        for (const sickMs of [3000, 45_000, 400_000 / Math.sqrt(perSecond)]) {
          const dsp = new SimulatedDsp(perSecond);
          dsp.run(30_000, perSecond, ANSWERS);
          dsp.run(2000, perSecond, sick);
          dsp.resetCounts();
          dsp.run(sickMs, perSecond, sick);
          if (sickMs > 10_000) expect(dsp.share).toBeLessThan(0.05);
          expect(snapshot(dsp.health, dsp.nowMs).callShare).toBe(0.01);
          dsp.run(9000, perSecond, ANSWERS);
          dsp.resetCounts();
          dsp.run(3000, perSecond, ANSWERS);
          expect(dsp.share).toBeGreaterThan(0.9);
        }
      }
    },
  );

  it('the same for two incidents in a row', () => {
    const dsp = new SimulatedDsp(5);
    for (const sick of [HANGS, FAILS]) {
      dsp.run(12_000, 100, ANSWERS);
      dsp.resetCounts();
      dsp.run(3000, 100, ANSWERS);
      expect(dsp.share).toBeGreaterThan(0.9);
      dsp.run(15_000, 100, sick);
    }
    dsp.run(9000, 100, ANSWERS);
    dsp.resetCounts();
    dsp.run(3000, 100, ANSWERS);
    expect(dsp.share).toBeGreaterThan(0.9);
  });

  it('one that became slower, yet not too slow, is not mistaken for a dead one', () => {
    const dsp = new SimulatedDsp(2);
    dsp.run(60_000, 100, logNormal(6, 0.2));
    expect(snapshot(dsp.health, dsp.nowMs).timeoutMs).toBeLessThan(11);
    dsp.run(60_000, 100, logNormal(18, 0.1));
    expect(dsp.changesAtMs).toEqual([]);
    expect(snapshot(dsp.health, dsp.nowMs).state).toBe('healthy');
  });

  it('one that is late in three calls of ten leaves the rotation and returns when it is faster', () => {
    const dsp = new SimulatedDsp(3);
    dsp.run(30_000, 100, ANSWERS);
    dsp.run(12_000, 100, failsOften(0.3, HANGS, ANSWERS));
    expect(snapshot(dsp.health, dsp.nowMs)).toMatchObject({
      state: 'out-of-rotation',
      breaker: 'closed',
      rotation: 'out',
      // The floor, though the throttle holds calls back too.
      callShare: 0.01,
    });
    expect(snapshot(dsp.health, dsp.nowMs).throttleShare).toBeLessThan(1);
    expect(dsp.health.skipCounts['out-of-rotation']).toBeGreaterThan(10);
    dsp.run(9000, 100, ANSWERS);
    expect(snapshot(dsp.health, dsp.nowMs)).toMatchObject({ state: 'healthy', rotation: 'in', callShare: 1 });
  });

  it('a partly sick one is throttled in proportion before its breaker opens', () => {
    const dsp = new SimulatedDsp(4);
    dsp.run(60_000, 100, ANSWERS);
    dsp.run(2000, 100, failsOften(0.5, FAILS, ANSWERS));
    dsp.resetCounts();
    dsp.run(4000, 100, failsOften(0.5, FAILS, ANSWERS));
    expect(dsp.share).toBeGreaterThan(0.25);
    expect(dsp.share).toBeLessThan(0.7);
    expect(dsp.health.skipCounts.throttled).toBeGreaterThan(100);
    dsp.run(120_000, 100, failsOften(0.5, FAILS, ANSWERS));
    expect(snapshot(dsp.health, dsp.nowMs).breaker).not.toBe('closed');
  });

  it('one that flaps every 3 s for 5 min stays on probes, with at most 10 state changes a minute', () => {
    for (const sick of [HANGS, FAILS]) {
      const dsp = new SimulatedDsp(6);
      dsp.run(300_000, 100, flaps(3000, sick, ANSWERS));
      expect(dsp.changesPerMinuteMax()).toBeLessThanOrEqual(10);
      expect(dsp.share).toBeLessThan(0.05);
      dsp.run(9000, 100, ANSWERS);
      dsp.resetCounts();
      dsp.run(3000, 100, ANSWERS);
      expect(dsp.share).toBeGreaterThan(0.9);
    }
  });

  it('one with one request in 5 s is asked every time', () => {
    const dsp = new SimulatedDsp(7);
    dsp.run(600_000, 0.2, HANGS);
    expect(snapshot(dsp.health, dsp.nowMs).breaker).not.toBe('closed');
    dsp.resetCounts();
    dsp.run(600_000, 0.2, ANSWERS);
    expect(dsp.share).toBeGreaterThan(0.9);
  });

  it('a healthy one is left alone', () => {
    for (const perSecond of [1, 20, 200]) {
      const dsp = new SimulatedDsp(8);
      dsp.run(120_000, perSecond, failsOften(0.01, FAILS, ANSWERS));
      expect(dsp.share).toBeGreaterThan(0.995);
      expect(dsp.changesAtMs).toEqual([]);
    }
  });
});

describe('snapshot', () => {
  it('says what the decision knows', () => {
    const dsp = new SimulatedDsp(9);
    dsp.run(60_000, 100, ANSWERS);
    const seen = snapshot(dsp.health, dsp.nowMs);
    expect(seen).toMatchObject({
      state: 'healthy',
      breaker: 'closed',
      backOffRemainingMs: 0,
      rotation: 'in',
      callShare: 1,
    });
    expect(seen.p50Ms).toBeCloseTo(8, -0.5);
    expect(seen.p95Ms).toBeGreaterThan(seen.p50Ms!);
    expect(seen.timeoutMs).toBe(Math.ceil(seen.p95Ms! * 1.1));
    expect(seen.inTimeRatio).toBeGreaterThan(0.95);
    expect(seen.errorRatio).toBeLessThan(0.05);
    dsp.run(120_000, 100, HANGS);
    expect(snapshot(dsp.health, dsp.nowMs)).toMatchObject({ timeoutMs: 30, p50Ms: null, p99Ms: null, callShare: 0.01 });
  });

  it('knows no ratios of a DSP that was never called', () => {
    expect(snapshot(createDspHealth(OPTIONS, 0), 0)).toMatchObject({
      errorRatio: null,
      inTimeRatio: null,
      p50Ms: null,
    });
  });
});
