/** Faults that a scenario can have, and how each begins and ends. */
import type { FaultShares } from '../dsp/faults.ts';
import { faultShare } from '../dsp/scenario.ts';
import type { Cut } from './network.ts';
import type { VirtualProcess } from './virtual-process.ts';
import type { World } from './world.ts';

/**
 * `process-down`: an engine is killed, and started again after `forSec`; `partition`: two sides do not reach each other;
 * `clock-jump`: the wall clock of a process is `aheadMs` ahead of the true time; `dsp`: answers of a DSP have these faults,
 * or come so many times slower; `outage`: a DSP or a store is down.
 */
export const WORLD_FAULTS = ['process-down', 'partition', 'clock-jump', 'dsp', 'outage'] as const;

export interface WorldFault {
  readonly kind: (typeof WORLD_FAULTS)[number];
  /** A process, or a region: all processes there. */
  readonly target: string;
  readonly fromSec: number;
  /** Absent: to the end. */
  readonly forSec?: number;
  /** Of a partition. */
  readonly otherSide?: string;
  /** Of a clock jump. */
  readonly aheadMs?: number;
  /** Of a DSP: chance of each fault. */
  readonly answers?: FaultShares;
  /** Of a DSP: factor on its latency. */
  readonly slower?: number;
}

/** Returns what ends it. */
type Begin = (world: World, fault: WorldFault) => () => void;

const BEGIN: Readonly<Record<WorldFault['kind'], Begin>> = {
  'process-down': (world, { target }) => {
    const killed = world.engines.filter(({ process }) => process.isUp && isMeant(process, target));
    for (const engine of killed) engine.kill();
    return () => {
      for (const engine of killed) if (!engine.process.isUp) engine.start();
    };
  },
  outage: (world, { target }) => {
    const down = world.processesNamed(target).filter(({ isUp }) => isUp);
    for (const process of down) process.kill();
    return () => {
      for (const process of down) process.restart();
    };
  },
  partition: (world, { target, otherSide = '' }) => {
    const cut: Cut = {
      isBetween: (one, other) =>
        (isMeant(one, target) && isMeant(other, otherSide)) || (isMeant(other, target) && isMeant(one, otherSide)),
    };
    world.network.cut(cut);
    return () => world.network.mend(cut);
  },
  'clock-jump': (world, { target, aheadMs = 0 }) => {
    const wrong = world.processesNamed(target);
    for (const process of wrong) process.wallAheadMs += aheadMs;
    return () => {
      for (const process of wrong) process.wallAheadMs -= aheadMs;
    };
  },
  dsp: (world, { target, answers = {}, slower = 1 }) => {
    const sick = [...world.dsps.values()].filter(({ process }) => isMeant(process, target));
    for (const dsp of sick) dsp.disturbance = { faults: answers, slower };
    return () => {
      for (const dsp of sick) dsp.disturbance = null;
    };
  },
};

/** Lets a fault begin now. Returns what ends it. */
export function beginFault(world: World, fault: WorldFault): () => void {
  const { kind, target } = fault;
  world.observe({ kind: 'fault-began', atMs: world.loop.nowMs, fault: kind, target });
  const end = BEGIN[kind](world, fault);
  return () => {
    end();
    world.observe({ kind: 'fault-ended', atMs: world.loop.nowMs, fault: kind, target });
  };
}

/** Null: it can be run. */
export function problemOfFault(fault: WorldFault): { readonly key: keyof WorldFault; readonly text: string } | null {
  const needed = NEEDS[fault.kind];
  for (const key of OWN_KEYS) {
    if (key === needed && fault[key] === undefined) return { key, text: `is missing for a fault "${fault.kind}"` };
    const isMeaningless = fault[key] !== undefined && key !== needed && !(fault.kind === 'dsp' && DSP_KEYS.has(key));
    if (isMeaningless) return { key, text: `means nothing for a fault "${fault.kind}"` };
  }
  const share = faultShare(fault.answers ?? {});
  if (share > 1) return { key: 'answers', text: `probabilities add up to ${share.toFixed(3)}, above 1` };
  return null;
}

const OWN_KEYS = ['otherSide', 'aheadMs', 'answers', 'slower'] as const;
const NEEDS: Readonly<Partial<Record<WorldFault['kind'], keyof WorldFault>>> = {
  partition: 'otherSide',
  'clock-jump': 'aheadMs',
};
const DSP_KEYS: ReadonlySet<keyof WorldFault> = new Set(['answers', 'slower']);

/** By its own name, or by that of its region. */
export function isMeant({ name, region }: VirtualProcess, target: string): boolean {
  return name === target || region === target;
}
