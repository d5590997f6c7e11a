import nact from 'nact';
import { afterEach, describe, expect, test } from 'vitest';
import { ManualTimers } from '../adapters/notices/testing/manual-timers.ts';
import { createLearnedReserve, type LearnedReserveOptions } from '../engine/auction/reserve/learned-reserve.ts';
import { spawnParent } from './mailbox.ts';
import { handleReserve, spawnReserveActor } from './reserve-actor.ts';
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

const twice = (placementId: string, ecpmMicros: number) => [
  { placementId, ecpmMicros },
  { placementId, ecpmMicros },
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
  return { actor, step, overflows };
}

describe('handling', () => {
  test('a placement that was forgotten leaves the board with the next step', () => {
    const board = new Map<string, number>();
    const state = createLearnedReserve({ ...LEARNING, placementsMax: 1 });
    handleReserve(state, { kind: 'observe', observations: twice('old', 100) }, board);
    handleReserve(state, { kind: 'step' }, board);
    expect([...board]).toEqual([['old', 100]]);
    handleReserve(state, { kind: 'observe', observations: [{ placementId: 'new', ecpmMicros: 7 }] }, board);
    handleReserve(state, { kind: 'step' }, board);
    expect([...board]).toEqual([]);
  });

  test('so does one that came back and has to learn again', () => {
    const board = new Map<string, number>();
    const state = createLearnedReserve({ ...LEARNING, placementsMax: 1 });
    handleReserve(state, { kind: 'observe', observations: twice('a', 100) }, board);
    handleReserve(state, { kind: 'step' }, board);
    for (const placementId of ['b', 'a']) {
      handleReserve(state, { kind: 'observe', observations: [{ placementId, ecpmMicros: 7 }] }, board);
    }
    handleReserve(state, { kind: 'step' }, board);
    expect([...board]).toEqual([]);
  });
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
  actor.observe([{ placementId: 'top', ecpmMicros: 100 }]);
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
