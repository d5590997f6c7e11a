import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Admission, admit, createAdmission, finished, observePressure, released, snapshot } from './admission.ts';
import { ADMISSION_DEFAULTS } from './defaults.ts';
import { hintsBeforeParsing, type ValueHints } from './request-value.ts';
import { seededRandom } from './testing/event-loop-simulation.ts';
import { CEILING_FROM } from './zones.ts';

/** Without credit for bursts: what is refused when there is none left. */
const NO_CREDIT = { ...ADMISSION_DEFAULTS, burst: { ...ADMISSION_DEFAULTS.burst, creditMax: 0 } };
const CALM = { loopDelayMs: 0, queueAgeMs: 0, heapShare: 0.3 };
const LIMIT = ADMISSION_DEFAULTS.concurrency.limitInitial;
const source = (index: number): ValueHints => hintsBeforeParsing(`/account/${index}`, null);

/** Twenty-one sources, the last worth a hundred times the others; in-flight is back to 0. */
function taught(): Admission {
  const admission = createAdmission(NO_CREDIT, 0);
  for (let index = 0; index < 2100; index++) {
    const hints = source(index % 21);
    const valueMicros = index % 21 === 20 ? 5_000_000 : 50_000;
    expect(admit(admission, hints, index, 0.9).kind).toBe('accept');
    finished(admission, { degrade: 0, hints, ownLatencyMs: 3, valueMicros }, index);
  }
  return admission;
}

function fill(admission: Admission, count: number, nowMs: number): void {
  while (admission.inFlight < count) admit(admission, source(20), nowMs, 0.9);
}

/** With fewer under way nobody is refused for a late loop. */
const HALF_FULL = LIMIT / 2;

describe('admission', () => {
  it('takes everybody below 70%, whatever the pressure was before', () => {
    const signals = fc.record({
      loopDelayMs: fc.double({ min: 0, max: 13.9, noNaN: true }),
      queueAgeMs: fc.double({ min: 0, max: 20.9, noNaN: true }),
      heapShare: fc.double({ min: 0, max: 0.77, noNaN: true }),
    });
    const before = fc.double({ min: 0, max: 500, noNaN: true });
    fc.assert(
      fc.property(signals, before, fc.integer({ min: 0, max: 21 }), (calm, loopDelayMs, inFlight) => {
        const admission = createAdmission(NO_CREDIT, 0);
        for (let index = 0; index < inFlight; index++) admit(admission, source(1), 0, 0.9);
        observePressure(admission, { ...CALM, loopDelayMs }, 1);
        observePressure(admission, calm, 1000);
        expect(admit(admission, source(1), 1000, 0).kind).toBe('accept');
      }),
    );
  });

  it('above the limit it takes what is worth more than the P95 and refuses the rest, with the value lost', () => {
    const admission = taught();
    fill(admission, HALF_FULL, 2999);
    observePressure(admission, { ...CALM, loopDelayMs: 22 }, 3000);
    expect(admit(admission, source(20), 3000, 0).kind).toBe('accept');
    const decision = admit(admission, source(3), 3000, 0.99);
    expect(decision).toMatchObject({ kind: 'shed', cause: 'loop-delay', class: 'ordinary' });
    if (decision.kind === 'shed') expect(decision.lostValueMicros).toBeGreaterThan(40_000);
    const counted = snapshot(admission).shed.find(
      ({ cause, class: name }) => cause === 'loop-delay' && name === 'ordinary',
    );
    expect(counted?.count).toBe(1);
    expect(counted?.lostValueMicros).toBeLessThan(200_000);
  });

  it('between 90% and the limit it refuses every second of the rest', () => {
    const admission = taught();
    fill(admission, HALF_FULL, 2999);
    observePressure(admission, { ...CALM, queueAgeMs: 28 }, 3000);
    expect(admit(admission, source(3), 3000, 0.49).kind).toBe('shed');
    expect(admit(admission, source(3), 3000, 0.5).kind).toBe('accept');
  });

  it('holds the concurrency limit, valued requests may exceed it by a quarter', () => {
    const admission = createAdmission(NO_CREDIT, 0);
    for (let index = 0; index < 1000; index++) admit(admission, source(1), 0, 0.9);
    expect(admission.inFlight).toBe(LIMIT);
    const valued = taught();
    fill(valued, 1, 2100);
    for (let index = 0; index < 1000; index++) admit(valued, source(20), 2100, 0.9);
    expect(valued.inFlight).toBeGreaterThan(valued.limit.limit + 1);
    expect(valued.inFlight).toBeLessThanOrEqual(Math.ceil(CEILING_FROM * valued.limit.limit));
  });

  it('lasting pressure degrades, and full service is back within 5 s of its end without a request', () => {
    const admission = createAdmission(NO_CREDIT, 0);
    for (let nowMs = 0; nowMs < 2000; nowMs += 10) observePressure(admission, { ...CALM, heapShare: 0.84 }, nowMs);
    expect(admit(admission, source(1), 2000, 0.9)).toEqual({ kind: 'accept', degrade: 1 });
    released(admission, 2000);
    for (let nowMs = 2000; nowMs < 7000; nowMs += 10) observePressure(admission, CALM, nowMs);
    expect(admit(admission, source(1), 7000, 0.9)).toEqual({ kind: 'accept', degrade: 0 });
  });

  it('a block of 200 ms refuses what waited in it, and nobody 200 ms later', () => {
    const admission = createAdmission(NO_CREDIT, 0);
    fill(admission, HALF_FULL, 0);
    observePressure(admission, { ...CALM, loopDelayMs: 50 }, 200);
    expect(admit(admission, source(1), 200, 0.9)).toMatchObject({ kind: 'shed', cause: 'loop-delay' });
    observePressure(admission, CALM, 400);
    expect(admit(admission, source(1), 400, 0).kind).toBe('accept');
  });

  it('a blocked loop refuses nobody while half of the limit is free; a full heap does', () => {
    const admission = createAdmission(NO_CREDIT, 0);
    observePressure(admission, { ...CALM, loopDelayMs: 50, queueAgeMs: 50 }, 200);
    for (let index = 0; index < HALF_FULL; index++) {
      expect(admit(admission, source(1), 200, 0).kind).toBe('accept');
    }
    expect(admit(admission, source(1), 200, 0).kind).toBe('shed');
    for (let index = 0; index < HALF_FULL; index++) released(admission, 200);
    observePressure(admission, { ...CALM, heapShare: 0.9 }, 201);
    expect(admit(admission, source(1), 201, 0)).toMatchObject({ kind: 'shed', cause: 'heap' });
  });

  it('what ends without an auction teaches nothing and leaves nothing', () => {
    const admission = createAdmission(NO_CREDIT, 0);
    admit(admission, source(1), 0, 0.9);
    released(admission, 500);
    const { inFlight, baselineLatencyMs, accepted } = snapshot(admission);
    expect({ inFlight, baselineLatencyMs, accepted }).toEqual({ inFlight: 0, baselineLatencyMs: 0, accepted: 1 });
  });

  describe('bursts', () => {
    const { creditMax, refillMs } = ADMISSION_DEFAULTS.burst;
    const burst = (admission: Admission, count: number, nowMs: number): number => {
      let refused = 0;
      for (let index = 0; index < count; index++) {
        if (admit(admission, source(1), nowMs, 0).kind === 'shed') refused++;
      }
      return refused;
    };
    const calmUntil = (admission: Admission, fromMs: number, toMs: number): void => {
      for (let nowMs = fromMs; nowMs <= toMs; nowMs += 10) observePressure(admission, CALM, nowMs);
    };

    it('a process that has just started takes eighty at once, though they block its loop', () => {
      const admission = createAdmission(ADMISSION_DEFAULTS, 0);
      expect(burst(admission, 50, 10)).toBe(0);
      observePressure(admission, { ...CALM, loopDelayMs: 100, queueAgeMs: 200 }, 210);
      expect(burst(admission, 30, 210)).toBe(0);
    });

    it('is let in once: an overload that lasts finds no second credit', () => {
      const admission = createAdmission(ADMISSION_DEFAULTS, 0);
      expect(burst(admission, 1000, 10)).toBeGreaterThanOrEqual(1000 - LIMIT - creditMax);
      for (let nowMs = 20; nowMs < 60_000; nowMs += 10) {
        released(admission, nowMs);
        burst(admission, 10, nowMs);
      }
      expect(burst(admission, 100, 60_000)).toBe(100);
    });

    it('calm brings the credit back', () => {
      const admission = createAdmission(ADMISSION_DEFAULTS, 0);
      const first = burst(admission, 1000, 10);
      while (admission.inFlight > 0) released(admission, 20);
      calmUntil(admission, 20, 20 + 2 * refillMs);
      expect(burst(admission, 1000, 30 + 2 * refillMs)).toBe(first);
    });

    it('a full heap has no room for one', () => {
      const admission = createAdmission(ADMISSION_DEFAULTS, 0);
      observePressure(admission, { ...CALM, heapShare: 0.95 }, 10);
      expect(burst(admission, 10, 10)).toBe(10);
    });
  });

  it('recovers after any history: an idle process takes everybody in full service', () => {
    const step = fc.record({
      elapsedMs: fc.integer({ min: 0, max: 300 }),
      loopDelayMs: fc.double({ min: 0, max: 200, noNaN: true }),
      heapShare: fc.double({ min: 0, max: 1, noNaN: true }),
      arrivals: fc.integer({ min: 0, max: 60 }),
      endings: fc.integer({ min: 0, max: 60 }),
      ownLatencyMs: fc.double({ min: 0, max: 1000, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer(), (steps, seed) => {
        const random = seededRandom(seed);
        const admission = createAdmission(ADMISSION_DEFAULTS, 0);
        let nowMs = 0;
        const finish = (ownLatencyMs: number): void =>
          finished(admission, { degrade: 0, hints: source(1), ownLatencyMs, valueMicros: 1 }, nowMs);
        for (const one of steps) {
          nowMs += one.elapsedMs;
          observePressure(admission, { loopDelayMs: one.loopDelayMs, queueAgeMs: 0, heapShare: one.heapShare }, nowMs);
          for (let index = 0; index < one.arrivals; index++) admit(admission, source(index), nowMs, random());
          for (let index = 0; index < one.endings && admission.inFlight > 0; index++) finish(one.ownLatencyMs);
        }
        while (admission.inFlight > 0) finish(3);
        for (const endMs = nowMs + 5000; nowMs <= endMs; nowMs += 10) observePressure(admission, CALM, nowMs);
        expect(admit(admission, source(1), nowMs, 0)).toEqual({ kind: 'accept', degrade: 0 });
      }),
    );
  });
});
