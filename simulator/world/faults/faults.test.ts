import { describe, expect, it, test } from 'vitest';
import { seededRandom } from '../../random.ts';
import type { Observation } from '../history.ts';
import { FAULT_CATALOGUE, isFaultKind, targetsOf } from './catalogue.ts';
import { drawWorld, engineName } from './draw-world.ts';
import { sicken } from './dsp-sickness.ts';
import { FAULT_KINDS } from './fault.ts';
import { faultsEndMs, injectFaults } from './inject-faults.ts';
import type { WorldUnderFaults } from './world-under-faults.ts';

/** Writes down what is done to it. */
class FakeWorld {
  readonly done: string[] = [];
  readonly #due: { readonly atMs: number; readonly run: () => void }[] = [];
  #nowMs = 0;

  readonly handles: WorldUnderFaults = {
    random: seededRandom(1),
    nowMs: () => this.#nowMs,
    at: (atMs, run) => {
      this.#due.push({ atMs, run });
    },
    engines: ['engine-1'],
    consumers: ['consumer-1'],
    dsps: ['dsp-1'],
    stores: ['redis', 'ledger', 'kafka'],
    ...this.#written('sicken', 'setReachable', 'kill', 'killAfterTasks', 'stop', 'start', 'stall', 'setWallAheadMs'),
    ...this.#written('disturb', 'flushRedis', 'setReporting'),
    cutOff: (process) => {
      this.#write('cutOff', process);
      return () => this.#write('reconnect', process);
    },
    replicateRedis: () => {
      this.#write('replicateRedis');
      return () => this.#write('failOver');
    },
  };

  run(): void {
    while (this.#due.length > 0) {
      this.#due.sort((one, other) => one.atMs - other.atMs);
      const { atMs, run } = this.#due.shift()!;
      this.#nowMs = atMs;
      run();
    }
  }

  #written<const Names extends readonly string[]>(
    ...names: Names
  ): { [Name in Names[number]]: (...args: unknown[]) => void } {
    const pairs = names.map((name) => [name, (...args: unknown[]) => this.#write(name, ...args)]);
    return Object.fromEntries(pairs) as { [Name in Names[number]]: (...args: unknown[]) => void };
  }

  #write(...words: unknown[]): void {
    this.done.push(
      `${this.#nowMs} ${words.map((word) => (typeof word === 'string' ? word : JSON.stringify(word))).join(' ')}`,
    );
  }
}

test.each(FAULT_KINDS)('%s does something, and ends', (kind) => {
  expect(isFaultKind(kind)).toBe(true);
  const world = new FakeWorld();
  const target = targetsOf(kind, world.handles)[0]!;
  const seen: Observation[] = [];
  injectFaults([{ kind, target, fromSec: 2, forSec: 6 }], world.handles, (observation) => seen.push(observation));
  world.run();
  expect(world.done.length).toBeGreaterThan(0);
  expect(world.done[0]).toMatch(/^2000 /);
  expect(seen).toEqual([
    { kind: 'fault-began', atMs: 2000, fault: kind, target },
    { kind: 'fault-ended', atMs: 8000, fault: kind, target },
  ]);
});

test('what is struck is as it was behind the end', () => {
  const world = new FakeWorld();
  const faults = [
    { kind: 'dsp-slow', target: 'dsp-1', fromSec: 1, forSec: 1, by: 3 },
    { kind: 'kill-at-task', target: 'engine-1', fromSec: 2, forSec: 1, by: 7 },
    { kind: 'redis-failover', target: 'redis', fromSec: 3, forSec: 9, by: 500 },
    { kind: 'partition', target: 'consumer-1', fromSec: 5, forSec: 1 },
    { kind: 'answers-lost', target: 'ledger', fromSec: 6, forSec: 0.5, by: 0.25 },
  ] as const;
  injectFaults(faults, world.handles, () => {});
  world.run();
  expect(world.done).toEqual([
    '1000 sicken dsp-1 {"kind":"slow","times":3}',
    '2000 killAfterTasks engine-1 7',
    '2000 sicken dsp-1 null',
    '3000 replicateRedis',
    '3000 start engine-1',
    '3500 failOver',
    '5000 cutOff consumer-1',
    '6000 disturb null ledger {"times":1,"answersLost":0.25}',
    '6000 reconnect consumer-1',
    '6500 disturb null ledger null',
  ]);
  expect(faultsEndMs(faults)).toBe(12_000);
  expect(faultsEndMs([])).toBe(0);
});

describe('a DSP that is sick', () => {
  const reply = { id: 'r', seatbid: [] };
  const decision = { delayMs: 10, fault: null, reply };
  const random = seededRandom(3);

  it('is slow, silent, or answers in bursts', () => {
    expect(sicken(decision, { kind: 'slow', times: 4 }, 0, random).delayMs).toBe(40);
    expect(sicken(decision, { kind: 'silent' }, 0, random)).toEqual({ delayMs: 10, fault: 'no-answer', reply: null });
    expect(sicken(decision, { kind: 'bursty', periodMs: 100 }, 1230, random).delayMs).toBe(80);
  });

  it('answers what nobody can use, as often as it should', () => {
    const spoiled = (share: number): number =>
      Array.from({ length: 500 }, () => sicken(decision, { kind: 'malformed', share }, 0, random)).filter(
        ({ fault }) => fault !== null,
      ).length;
    expect(spoiled(1)).toBe(500);
    expect(spoiled(0.3)).toBeGreaterThan(100);
    expect(spoiled(0.3)).toBeLessThan(200);
  });
});

describe('worlds that are drawn', () => {
  const worlds = Array.from({ length: 500 }, (_, seed) => drawWorld(seed));

  it('are the same for the same seed', () => {
    expect(worlds.slice(0, 20)).toEqual(Array.from({ length: 20 }, (_, seed) => drawWorld(seed)));
  });

  it('are of both modes, and see every kind of fault, with every kind of target', () => {
    const seen = new Set(worlds.flatMap(({ faults }) => faults.map(({ kind }) => kind)));
    expect([...seen].sort()).toEqual([...FAULT_KINDS].sort());
    expect(worlds.filter(({ mode }) => mode === 'liveness').length).toBeGreaterThan(200);
    expect(worlds.some(({ faults }) => faults.some(({ target }) => target === engineName(2)))).toBe(true);
    expect(worlds.some(({ faults }) => faults.length === 0)).toBe(true);
  });

  it('have faults of their own targets and times, within what the catalogue says', () => {
    for (const { faults, durationSec, consumers } of worlds) {
      for (const { kind, target, fromSec, forSec, by = null } of faults) {
        const definition = FAULT_CATALOGUE[kind];
        expect(fromSec + forSec).toBeLessThanOrEqual(durationSec + 1e-5);
        expect(by === null).toBe(definition.by === null);
        if (by !== null) expect(by >= definition.by!.least && by <= definition.by!.most).toBe(true);
        if (consumers === 0) expect(`${kind} ${target}`).not.toMatch(/kafka|consumer/);
      }
    }
  });

  it('leave time to compare before and after, where all is to settle', () => {
    for (const { mode, faults, durationSec, requestsPerSec } of worlds.filter((world) => world.mode === 'liveness')) {
      expect(mode).toBe('liveness');
      const firstSec = faults[0]?.fromSec ?? 100;
      expect(firstSec * requestsPerSec).toBeGreaterThanOrEqual(60);
      expect((durationSec - faultsEndMs(faults) / 1000 - 25) * requestsPerSec).toBeGreaterThanOrEqual(50);
    }
  });
});
