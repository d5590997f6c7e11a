/** Each fault: whom it strikes, how, and how it ends. */

import type { DspSickness } from './dsp-sickness.ts';
import { FAULT_KINDS, type FaultKind } from './fault.ts';
import type { StoreName, WorldUnderFaults } from './world-under-faults.ts';

export interface FaultDefinition {
  readonly strikes: 'dsps' | 'engines' | 'processes' | 'users' | StoreName | 'stores';
  /** For people. */
  readonly what: string;
  /** What `by` says; null: it has none. */
  readonly by: Amount | null;
  /** Chance that a drawn world has it at all, before it is reweighed. */
  readonly weight: number;
  /** Gives what heals it. `target` is one of those it strikes. */
  readonly strike: (world: WorldUnderFaults, target: string, by: number) => () => void;
}

export interface Amount {
  readonly unit: 'times' | 'share' | 'ms' | 'tasks' | 'repeats';
  readonly least: number;
  readonly most: number;
  readonly usual: number;
}

const NOTHING_TO_HEAL = (): void => {};

function sickness(of: (by: number) => DspSickness): FaultDefinition['strike'] {
  return (world, target, by) => {
    world.sicken(target, of(by));
    return () => world.sicken(target, null);
  };
}

const outage: FaultDefinition['strike'] = (world, target) => {
  world.setReachable(target, false);
  return () => world.setReachable(target, true);
};

function slowness(store: StoreName): FaultDefinition['strike'] {
  return (world, _target, times) => {
    world.disturb(null, store, { times, answersLost: 0 });
    return () => world.disturb(null, store, null);
  };
}

const TIMES: Amount = { unit: 'times', least: 2, most: 200, usual: 20 };
const SHARE: Amount = { unit: 'share', least: 0.05, most: 1, usual: 0.3 };

export const FAULT_CATALOGUE: Readonly<Record<FaultKind, FaultDefinition>> = {
  'dsp-slow': {
    strikes: 'dsps',
    what: 'answers take longer',
    by: { unit: 'times', least: 1.5, most: 20, usual: 4 },
    weight: 1,
    strike: sickness((times) => ({ kind: 'slow', times })),
  },
  'dsp-silent': {
    strikes: 'dsps',
    what: 'takes requests and never answers',
    by: null,
    weight: 1,
    strike: sickness(() => ({ kind: 'silent' })),
  },
  'dsp-malformed': {
    strikes: 'dsps',
    what: 'answers what nobody can use',
    by: SHARE,
    weight: 1,
    strike: sickness((share) => ({ kind: 'malformed', share })),
  },
  'dsp-bursty': {
    strikes: 'dsps',
    what: 'answers in bursts, all that came in between at once',
    by: { unit: 'ms', least: 5, most: 500, usual: 100 },
    weight: 1,
    strike: sickness((periodMs) => ({ kind: 'bursty', periodMs })),
  },
  'dsp-down': { strikes: 'dsps', what: 'refuses connections', by: null, weight: 1, strike: outage },
  'late-reports': {
    strikes: 'users',
    what: 'impressions and clicks are reported late',
    by: { unit: 'ms', least: 100, most: 120_000, usual: 20_000 },
    weight: 1,
    strike: (world, _target, delayMs) => reporting(world, { delayMs, repeats: 1 }),
  },
  'repeated-reports': {
    strikes: 'users',
    what: 'each report comes several times',
    by: { unit: 'repeats', least: 2, most: 5, usual: 3 },
    weight: 1,
    strike: (world, _target, repeats) => reporting(world, { delayMs: 0, repeats: Math.round(repeats) }),
  },
  'redis-outage': { strikes: 'redis', what: 'Redis is away', by: null, weight: 1, strike: outage },
  'redis-slow': { strikes: 'redis', what: 'Redis answers slowly', by: TIMES, weight: 1, strike: slowness('redis') },
  'redis-flush': {
    strikes: 'redis',
    what: 'Redis forgets all (FLUSHALL, or a new one)',
    by: null,
    weight: 1,
    strike: (world) => {
      world.flushRedis();
      return NOTHING_TO_HEAL;
    },
  },
  'redis-failover': {
    strikes: 'redis',
    what: 'a replica that is so far behind takes over',
    by: { unit: 'ms', least: 10, most: 5000, usual: 2000 },
    weight: 1,
    strike: (world, _target, staleMs) => {
      const failOver = world.replicateRedis();
      world.at(world.nowMs() + staleMs, failOver);
      return NOTHING_TO_HEAL;
    },
  },
  'ledger-outage': { strikes: 'ledger', what: 'PostgreSQL is away', by: null, weight: 1, strike: outage },
  'ledger-slow': { strikes: 'ledger', what: 'PostgreSQL is slow', by: TIMES, weight: 1, strike: slowness('ledger') },
  'kafka-outage': { strikes: 'kafka', what: 'Kafka is away', by: null, weight: 1, strike: outage },
  'kafka-slow': { strikes: 'kafka', what: 'Kafka is slow', by: TIMES, weight: 1, strike: slowness('kafka') },
  'answers-lost': {
    strikes: 'stores',
    what: 'a store does its work and its answer is lost',
    by: { unit: 'share', least: 0.02, most: 0.5, usual: 0.2 },
    weight: 2,
    strike: (world, target, answersLost) => {
      world.disturb(null, target as StoreName, { times: 1, answersLost });
      return () => world.disturb(null, target as StoreName, null);
    },
  },
  kill: {
    strikes: 'processes',
    what: 'killed, and started again at the end',
    by: null,
    weight: 1,
    strike: (world, target) => {
      world.kill(target);
      return () => world.start(target);
    },
  },
  'kill-at-task': {
    strikes: 'processes',
    what: 'killed after so many more of its tasks: between any two steps of whatever it does',
    by: { unit: 'tasks', least: 1, most: 300, usual: 50 },
    weight: 2,
    strike: (world, target, tasks) => {
      world.killAfterTasks(target, Math.round(tasks));
      return () => world.start(target);
    },
  },
  stop: {
    strikes: 'processes',
    what: 'stopped in order, and started again at the end',
    by: null,
    weight: 1,
    strike: (world, target) => {
      world.stop(target);
      return () => world.start(target);
    },
  },
  stall: {
    strikes: 'processes',
    what: 'its event loop is blocked',
    by: { unit: 'ms', least: 20, most: 2000, usual: 200 },
    weight: 1,
    strike: (world, target, ms) => {
      world.stall(target, ms);
      return NOTHING_TO_HEAL;
    },
  },
  'clock-jump': {
    strikes: 'processes',
    what: 'its wall clock is wrong, ahead or behind',
    by: { unit: 'ms', least: -3_600_000, most: 3_600_000, usual: 3_600_000 },
    weight: 1,
    strike: (world, target, ms) => {
      world.setWallAheadMs(target, Math.round(ms));
      return () => world.setWallAheadMs(target, 0);
    },
  },
  partition: {
    strikes: 'processes',
    what: 'reaches no store',
    by: null,
    weight: 1,
    strike: (world, target) => world.cutOff(target),
  },
};

function reporting(world: WorldUnderFaults, during: Parameters<WorldUnderFaults['setReporting']>[0]): () => void {
  world.setReporting(during);
  return () => world.setReporting({ delayMs: 0, repeats: 1 });
}

/** Names that a fault may have as its target in this world. */
export function targetsOf(
  kind: FaultKind,
  world: Pick<WorldUnderFaults, 'engines' | 'consumers' | 'dsps' | 'stores'>,
): readonly string[] {
  const { strikes } = FAULT_CATALOGUE[kind];
  switch (strikes) {
    case 'dsps':
      return world.dsps;
    case 'engines':
      return world.engines;
    case 'processes':
      return [...world.engines, ...world.consumers];
    case 'stores':
      return world.stores;
    default:
      return [strikes];
  }
}

export function isFaultKind(text: string): text is FaultKind {
  return (FAULT_KINDS as readonly string[]).includes(text);
}
