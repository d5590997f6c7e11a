import { beforeEach, expect, it } from 'vitest';
import type { OutcomeEvent } from '../engine/events/outcome-events.ts';
import { buildOutcome } from '../engine/events/testing/build-events.ts';
import type { Parts } from './parts.ts';
import { passOnEvents } from './passed-on-events.ts';

let passed: OutcomeEvent[][];
let counted: string[];
let isAway: boolean;
let closers: (() => Promise<void>)[];
let tick: () => void;
let events: ReturnType<typeof passOnEvents>;
beforeEach(() => {
  passed = [];
  counted = [];
  isAway = false;
  closers = [];
  const parts = {
    timers: {
      schedule: (_delayMs: number, run: () => void) => {
        tick = run;
        return null;
      },
      cancel: () => {},
    },
    closing: (close: () => Promise<void>) => closers.push(close),
    log: { warn: () => {} },
    metrics: {
      eventsAcknowledged: (count: number) => counted.push(`acknowledged ${count}`),
      eventsDropped: (count: number, reason: string) => counted.push(`${reason} ${count}`),
    },
  } as unknown as Parts;
  events = passOnEvents(parts, {
    pass: async (some) => {
      if (isAway) throw new Error('Kafka is away');
      passed.push([...some]);
    },
  });
});

const notice = (auctionId: string) => buildOutcome('notice', { auctionId });
const settled = () => new Promise(setImmediate);

it('passes on what came, together, and at the end what is left', async () => {
  events.record(notice('a'));
  events.record(notice('b'));
  tick();
  await settled();
  expect(passed).toEqual([[notice('a'), notice('b')]]);
  tick();
  await settled();
  events.record(notice('c'));
  for (const close of closers.reverse()) await close();
  expect(passed.slice(1)).toEqual([[notice('c')]]);
  expect(counted).toEqual(['acknowledged 2', 'acknowledged 1']);
});

it('counts what is lost, and goes on', async () => {
  isAway = true;
  events.record(notice('a'));
  tick();
  await settled();
  isAway = false;
  events.record(notice('b'));
  tick();
  await settled();
  expect(passed).toEqual([[notice('b')]]);
  expect(counted).toEqual(['append-failed 1', 'acknowledged 1']);
});

it('holds a bounded number of them', () => {
  for (let count = 0; count < 10_001; count += 1) events.record(notice('a'));
  expect(counted).toEqual(['queue-full 1']);
});
