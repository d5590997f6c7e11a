import nact from 'nact';
import { afterEach, expect, test } from 'vitest';
import { ManualTimers } from '../adapters/notices/testing/manual-timers.ts';
import type { LearnedReserveOptions } from '../engine/auction/reserve/learned-reserve.ts';
import { spawnParent } from './mailbox.ts';
import { spawnReserveActor } from './reserve-actor.ts';
import { restartWithin } from './supervision.ts';

const clock = { wallMs: () => 0, monotonicMs: () => 0 };
const STEP_MS = 1000;

/** The reserve is the latest value, after two of them. */
const LEARNING: LearnedReserveOptions = {
  estimator: (values, count) => values[count - 1]!,
  windowCapacity: 10,
  observationsMin: 2,
  stepRatioMax: 1,
  placementsMax: 2,
};

const systems: nact.ActorSystemRef[] = [];
afterEach(() => {
  for (const system of systems.splice(0)) nact.stop(system as never);
});

const settled = async () => {
  for (let turn = 0; turn < 6; turn++) await new Promise((resolve) => setImmediate(resolve));
};

const twice = (reserveKey: string, ecpmMicros: number) => [
  { reserveKey, ecpmMicros },
  { reserveKey, ecpmMicros },
];

function start(learning: Partial<LearnedReserveOptions> = {}) {
  const system = nact.start();
  systems.push(system);
  const timers = new ManualTimers();
  const overflows: true[] = [];
  const actor = spawnReserveActor(spawnParent(system, 'residents'), {
    learning: { ...LEARNING, ...learning },
    stepIntervalMs: STEP_MS,
    clock,
    timers,
    supervisor: restartWithin({ restartsMax: 5, windowMs: 1000 }, () => {}),
    onOverflow: () => overflows.push(true),
  });
  const step = async () => {
    timers.advance(STEP_MS);
    await settled();
  };
  return { actor, step, timers, overflows };
}

test('a placement that was forgotten leaves the board with the next step', async () => {
  const { actor, step } = start({ placementsMax: 1 });
  actor.observe(twice('old', 100));
  await step();
  expect(actor.published('old')).toBe(100);
  actor.observe(twice('new', 7));
  await step();
  expect(['old', 'new'].map(actor.published)).toEqual([0, 7]);
});

test('so does one that came back and has to learn again', async () => {
  const { actor, step } = start({ placementsMax: 1 });
  actor.observe(twice('a', 100));
  await step();
  actor.observe([...twice('b', 7), { reserveKey: 'a', ecpmMicros: 7 }]);
  await step();
  expect(actor.published('a')).toBe(0);
});

test('a round of many placements leaves turns to others, and ends', async () => {
  const { actor, timers } = start({ windowCapacity: 1000, observationsMin: 1000, placementsMax: 100 });
  for (let i = 0; i < 100; i++) {
    actor.observe(Array.from({ length: 1000 }, () => ({ reserveKey: `p${i}`, ecpmMicros: 50 })));
  }
  timers.advance(STEP_MS);
  const published = () =>
    Array.from({ length: 100 }, (_, i) => actor.published(`p${i}`)).filter((reserve) => reserve > 0);
  let turnsUnderWay = 0;
  for (let turn = 0; turn < 30; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (published().length > 0 && published().length < 100) turnsUnderWay++;
  }
  expect(turnsUnderWay).toBeGreaterThan(3);
  expect(published()).toHaveLength(100);
});

test('a flood that drops the slice to come does not end stepping for good', async () => {
  const { actor, step, timers } = start({ windowCapacity: 1000, observationsMin: 1000, placementsMax: 100 });
  for (let i = 0; i < 100; i++) {
    actor.observe(Array.from({ length: 1000 }, () => ({ reserveKey: `p${i}`, ecpmMicros: 50 })));
  }
  timers.advance(STEP_MS);
  await new Promise((resolve) => setImmediate(resolve));
  for (let auction = 0; auction < 20_001; auction++) actor.observe(twice('flood', 100));
  await settled();
  await step();
  await settled();
  await settled();
  expect(actor.published('p99')).toBe(50);
});

test('reserves are published by the steps, 0 before', async () => {
  const { actor, step } = start();
  actor.observe(twice('top', 100));
  await settled();
  expect(actor.published('top')).toBe(0);
  await step();
  expect(actor.published('top')).toBe(100);
  expect(actor.published('other')).toBe(0);
  actor.observe(twice('top', 150));
  await step();
  expect(actor.published('top')).toBe(150);
});

test('too few observations publish nothing', async () => {
  const { actor, step } = start();
  actor.observe([{ reserveKey: 'top', ecpmMicros: 100 }]);
  await step();
  expect(actor.published('top')).toBe(0);
});

test('a busy exchange wakes it between steps, so that nothing is dropped', async () => {
  const { actor, overflows } = start();
  for (let round = 0; round < 30; round++) {
    for (let auction = 0; auction < 1000; auction++) actor.observe(twice('top', 100));
    await settled();
  }
  expect(overflows).toEqual([]);
});

test('a flood within one turn drops the oldest observations and counts them', () => {
  const { actor, overflows } = start();
  for (let auction = 0; auction < 20_001; auction++) actor.observe(twice('top', 100));
  expect(overflows).toEqual([true]);
});

test('auctions without values cost no mail', () => {
  const { actor, overflows } = start();
  for (let auction = 0; auction < 20_001; auction++) actor.observe([]);
  expect(overflows).toEqual([]);
});

test('after its stop it steps no more and keeps what was published', async () => {
  const { actor, step } = start();
  actor.observe(twice('top', 100));
  await step();
  actor.observe(twice('top', 150));
  actor.stop();
  await step();
  expect(actor.published('top')).toBe(100);
});
