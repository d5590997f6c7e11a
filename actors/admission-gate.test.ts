import { describe, expect, it } from 'vitest';
import { ManualTimers } from '../adapters/notices/testing/manual-timers.ts';
import type { AuctionEvent } from '../engine/exchange/auction-event.ts';
import type { Shed } from '../engine/traffic/admission/admission.ts';
import { ADMISSION_DEFAULTS } from '../engine/traffic/admission/defaults.ts';
import { AdmissionGate } from './admission-gate.ts';

const LIMIT = ADMISSION_DEFAULTS.concurrency.limitInitial;
const BODY = new TextEncoder().encode('{"id":"r"}');

function open() {
  const timers = new ManualTimers();
  const shed: Shed[] = [];
  const world = { nowMs: 0, loopDelayMs: 0, heapShare: 0.3 };
  const gate = new AdmissionGate({
    admission: { ...ADMISSION_DEFAULTS, burst: { creditMax: 0, refillMs: 1 } },
    clock: { wallMs: () => 0, monotonicMs: () => world.nowMs },
    timers,
    random: () => 0.9,
    dspIds: ['poor', 'rich'],
    rateToExchange: (currency) => (currency === 'EUR' ? 2 : 1),
    loopDelayMs: () => world.loopDelayMs,
    heapShare: () => world.heapShare,
    onShed: (one) => shed.push(one),
  });
  const pass = (ms: number): void => {
    for (const untilMs = world.nowMs + ms; world.nowMs < untilMs; ) {
      world.nowMs += 1;
      timers.advance(1);
    }
  };
  return { gate, world, pass, shed, inFlight: () => gate.snapshot().inFlight };
}

interface Ending {
  readonly isTest?: boolean;
  readonly decided?: boolean;
  readonly cpmMicros?: number;
}

function eventOf(auctionId: string, { isTest = false, decided = true, cpmMicros = 0 }: Ending = {}): AuctionEvent {
  const wins = cpmMicros === 0 ? [] : [{ bidIndex: 0, clearingCpmMicros: cpmMicros }];
  return {
    auctionId,
    isTest,
    input: decided ? { currency: 'EUR', bids: [{ dspId: 'rich' }] } : null,
    outcome: decided ? { wins, bids: [] } : null,
    timings: { readMs: 0.2, solicitedAtMs: 101, closedAtMs: 130, answeredAtMs: 132, deadlineAtMs: 200 },
  } as unknown as AuctionEvent;
}

describe('admission gate', () => {
  it('counts a request in flight from its entry to the end of its auction', () => {
    const { gate, inFlight } = open();
    const visit = gate.enter('', BODY)!;
    gate.joinAuction(visit, 'a', 0);
    gate.auctionBegan('a');
    expect(inFlight()).toBe(1);
    gate.auctionEnded(eventOf('a'));
    gate.auctionEnded(eventOf('a'));
    gate.leave(visit);
    expect(inFlight()).toBe(0);
  });

  it.each([
    ['cancelled or failed', { decided: false }],
    ['a test', { isTest: true, cpmMicros: 1000 }],
  ])('an auction that was %s leaves, and teaches nothing', (_name, ending) => {
    const { gate, inFlight, pass } = open();
    for (let index = 0; index < 50; index++) {
      gate.joinAuction(gate.enter('', BODY)!, `a-${index}`, 0);
      pass(1);
      gate.auctionEnded(eventOf(`a-${index}`, ending));
    }
    expect(inFlight()).toBe(0);
    expect(gate.snapshot().ownLatencyMs).toBe(0);
  });

  it('who leaves twice leaves once', () => {
    const { gate, inFlight } = open();
    gate.enter('', BODY);
    const visit = gate.enter('', null)!;
    gate.leave(visit);
    gate.leave(visit);
    expect(inFlight()).toBe(1);
  });

  it('own latency is neither the waiting for DSPs nor for the body of the client', () => {
    const { gate, world, pass } = open();
    world.nowMs = 100;
    for (let index = 0; index < 50; index++) {
      // Its headers arrived 100 ms before its body: the auction began 1 ms after that, and took 2 ms from its end on.
      gate.joinAuction(gate.enter('', BODY)!, `a-${index}`, world.nowMs - 100);
      gate.auctionEnded(eventOf(`a-${index}`));
      pass(1);
    }
    expect(gate.snapshot().ownLatencyMs).toBeCloseTo(3);
  });

  it('refuses beyond the limit and says so', () => {
    const { gate, shed } = open();
    for (let index = 0; index < 1000; index++) gate.enter('', BODY);
    expect(shed).toHaveLength(1000 - LIMIT);
    expect(shed[0]).toMatchObject({ cause: 'concurrency', class: 'ordinary' });
  });

  it('sees requests that wait for their first step, and that they no longer do', () => {
    const { gate, pass, shed } = open();
    for (let index = 0; index < LIMIT / 2; index++) gate.joinAuction(gate.enter('', BODY)!, `a-${index}`, 0);
    pass(40);
    expect(gate.enter('', BODY)).toBeNull();
    expect(shed[0]!.cause).toBe('queue-age');
    for (let index = 0; index < LIMIT / 2; index++) gate.auctionBegan(`a-${index}`);
    expect(gate.enter('', BODY)).not.toBeNull();
  });

  it('degrades under lasting pressure and is back without a request', () => {
    const { gate, world, pass } = open();
    world.heapShare = 0.84;
    pass(1000);
    const visit = gate.enter('', BODY)!;
    expect(visit.degrade).toBe(1);
    gate.leave(visit);
    expect([...gate.dspsAsked(1)]).toEqual([0]);
    world.heapShare = 0.3;
    pass(5000);
    expect(gate.enter('', BODY)!.degrade).toBe(0);
  });

  it('asks those that paid most when it cannot ask all', () => {
    const { gate } = open();
    for (let index = 0; index < 256; index++) {
      gate.joinAuction(gate.enter('', BODY)!, `a-${index}`, 0);
      gate.auctionEnded(eventOf(`a-${index}`, { cpmMicros: 500 }));
    }
    expect([...gate.dspsAsked(1)]).toEqual([1]);
  });
});
