import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import nact from 'nact';
import { afterEach, expect, test } from 'vitest';
import { spawnActor, spawnParent } from './mailbox.ts';
import { type ActorFault, restartWithin, stopOnFault } from './supervision.ts';

const clock = { wallMs: () => 0, monotonicMs: () => 42 };
const systems: nact.ActorSystemRef[] = [];
afterEach(() => {
  for (const system of systems.splice(0)) nact.stop(system as never);
});

function parent() {
  const system = nact.start();
  systems.push(system);
  return spawnParent(system, 'parent');
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const turns = async (count: number) => {
  for (let index = 0; index < count; index++) await turn();
};

function recorder(overrides: object = {}) {
  const seen: number[] = [];
  const wakes: number[] = [];
  const box = spawnActor<{ count: number }, number>(parent(), clock, {
    name: 'recorder',
    initialState: () => ({ count: 0 }),
    handle: (state, message, nowMs) => {
      if (message < 0) throw new Error('planted');
      seen.push(message);
      if (wakes.at(-1) !== nowMs) wakes.push(nowMs);
      state.count += 1;
      return state;
    },
    supervisor: stopOnFault(() => {}),
    lengthMax: 3,
    overflow: 'refuse-newest',
    ...overrides,
  });
  return { box, seen };
}

test('told messages are handled in order, one batch per turn', async () => {
  const { box, seen } = recorder();
  box.tell(1);
  box.tell(2);
  expect(seen).toEqual([]);
  await turns(3);
  expect(seen).toEqual([1, 2]);
});

test('posted messages wait until somebody tells', async () => {
  const { box, seen } = recorder();
  box.post(1);
  await turns(3);
  expect(seen).toEqual([]);
  box.tell(2);
  await turns(3);
  expect(seen).toEqual([1, 2]);
});

test('posting wakes at the set length', async () => {
  const { box, seen } = recorder();
  box.wakeAtLength = 2;
  box.post(1);
  await turns(3);
  expect(seen).toEqual([]);
  box.post(2);
  await turns(3);
  expect(seen).toEqual([1, 2]);
});

test('mail behind the message that stops the actor, in its batch and after it, is handed back unhandled', async () => {
  const unhandled: number[] = [];
  let box: ReturnType<typeof recorder>['box'];
  const { box: spawned, seen } = recorder({
    handle: (state: { count: number }, message: number) => {
      if (message === 2) {
        box.tell(4);
        box.stop();
      } else seen.push(message);
      return state;
    },
    onUnhandled: (message: number) => unhandled.push(message),
  });
  box = spawned;
  for (const message of [1, 2, 3]) box.tell(message);
  await turns(4);
  expect(seen).toEqual([1]);
  expect(unhandled.toSorted()).toEqual([3, 4]);
});

test('a full mailbox refuses the newest or drops the oldest, and counts', async () => {
  const overflows: string[] = [];
  const onOverflow = (policy: string) => overflows.push(policy);
  const refusing = recorder({ onOverflow });
  expect([1, 2, 3, 4].map((message) => refusing.box.post(message))).toEqual([true, true, true, false]);
  const dropping = recorder({ overflow: 'drop-oldest', onOverflow });
  expect([1, 2, 3, 4].map((message) => dropping.box.post(message))).toEqual([true, true, true, true]);
  dropping.box.wakeAtLength = 0;
  dropping.box.post(5);
  await turns(3);
  expect(dropping.seen).toEqual([3, 4, 5]);
  expect(overflows).toEqual(['refuse-newest', 'drop-oldest', 'drop-oldest']);
});

test('mail to a stopped actor is refused, and queued mail is dropped', async () => {
  const { box, seen } = recorder();
  box.tell(1);
  box.stop();
  expect(box.tell(2)).toBe(false);
  expect(box.post(3)).toBe(false);
  await turns(3);
  expect(seen).toEqual([]);
});

test('stopping inside a handler ends the batch', async () => {
  const seen: number[] = [];
  const box = spawnActor<null, number>(parent(), clock, {
    name: 'stopping',
    initialState: () => null,
    handle: (state, message) => {
      seen.push(message);
      box.stop();
      return state;
    },
    supervisor: stopOnFault(() => {}),
    lengthMax: 10,
    overflow: 'refuse-newest',
  });
  box.tell(1);
  box.tell(2);
  await turns(3);
  expect(seen).toEqual([1]);
});

test('a fault restarts with fresh state, keeps the rest of the batch, and stops past the limit', async () => {
  const faults: ActorFault[] = [];
  const { box, seen } = recorder({
    supervisor: restartWithin({ restartsMax: 1, windowMs: 1000 }, (fault) => faults.push(fault)),
  });
  box.tell(1);
  box.tell(-1);
  box.tell(2);
  await turns(6);
  expect(seen).toEqual([1, 2]);
  expect(faults.map((fault) => fault.decision)).toEqual(['restart']);
  box.tell(-1);
  await turns(6);
  expect(faults.map((fault) => fault.decision)).toEqual(['restart', 'stop']);
  expect(box.tell(3)).toBe(false);
});

test('a stopped actor lets go of its state and of who it served, though its address and nact keep it', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const spawned = () => {
    const state = { count: 0 };
    const owner = { handle: (kept: typeof state) => kept };
    const box = spawnActor<typeof state, number>(parent(), clock, {
      name: 'forgetful',
      initialState: () => state,
      handle: (kept) => owner.handle(kept),
      supervisor: stopOnFault(() => {}),
      lengthMax: 3,
      overflow: 'refuse-newest',
    });
    return { box, state: new WeakRef(state), owner: new WeakRef(owner) };
  };
  const { box, state, owner } = spawned();
  box.tell(1);
  await turns(3);
  collectGarbage();
  expect(state.deref()).toBeDefined();
  box.stop();
  await turns(3);
  collectGarbage();
  expect([state.deref(), owner.deref()]).toEqual([undefined, undefined]);
  expect(box.tell(2)).toBe(false);
});
