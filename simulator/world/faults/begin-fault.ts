/** How each fault begins and ends. */
import type { Observation } from '../history.ts';
import type { Cut, Trouble } from '../network.ts';
import type { DiskFaults } from '../stores/disk.ts';
import type { VirtualProcess } from '../virtual-process.ts';
import type { World } from '../world.ts';
import type { WorldFault } from './world-fault.ts';

/** Returns what ends it. */
type Begin = (world: World, fault: WorldFault) => () => void;

const NOTHING_TO_END = (): void => {};

const BEGIN: Readonly<Record<WorldFault['kind'], Begin>> = {
  'process-down': (world, { target }) => {
    const killed = nodesMeant(world, target).filter(({ process }) => process.isUp);
    for (const node of killed) node.kill();
    return () => startAgain(killed);
  },
  'process-dies': (world, { target, afterTasks = 0 }) => {
    const doomed = nodesMeant(world, target);
    for (const node of doomed) node.process.dieAfter(afterTasks, () => world.asDirector(() => node.kill()));
    return () => {
      for (const { process } of doomed) process.dieAfter(null);
      startAgain(doomed);
    };
  },
  'process-stop': (world, { target }) => {
    const stopped = nodesMeant(world, target);
    let isOver = false;
    const stop = async (node: Node): Promise<void> => {
      await node.stop();
      // It may take longer to end than the fault.
      if (isOver) world.asDirector(() => startAgain([node]));
    };
    for (const node of stopped) world.loop.schedule(node.process, world.loop.nowMs, () => void stop(node));
    return () => {
      isOver = true;
      startAgain(stopped);
    };
  },
  'process-busy': (world, { target, forSec = 0 }) => {
    for (const { process } of nodesMeant(world, target)) process.spend(forSec * 1000);
    return NOTHING_TO_END;
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
  'slow-link': (world, { target, slower = 1, answersLost = 0 }) => {
    const trouble: Trouble = {
      isOn: (from, to) => isMeant(from, target) || isMeant(to, target),
      slower,
      loss: (from) => (isMeant(from, target) ? answersLost : 0),
    };
    world.network.disturb(trouble);
    return () => world.network.settle(trouble);
  },
  'clock-jump': (world, { target, aheadMs = 0 }) => {
    const wrong = world.processesNamed(target);
    for (const process of wrong) process.wallAheadMs += aheadMs;
    return () => {
      for (const process of wrong) process.wallAheadMs -= aheadMs;
    };
  },
  dsp: (world, { target, answers = {}, slower = 1, burstMs = 0 }) => {
    const sick = [...world.dsps.values()].filter(({ process }) => isMeant(process, target));
    for (const dsp of sick) dsp.disturbance = { faults: answers, slower, burstMs };
    return () => {
      for (const dsp of sick) dsp.disturbance = null;
    };
  },
  'redis-flush': (world) => {
    world.services?.redis.flushAll();
    return NOTHING_TO_END;
  },
  'redis-failover': (world, { staleMs = 0 }) => {
    const failOver = world.services?.redis.replicate();
    if (failOver !== undefined) world.at(world.loop.nowMs + staleMs, failOver);
    return NOTHING_TO_END;
  },
  'disk-full': (world, { target }) => ofDisks(world, target, { isFull: true }, { isFull: false }),
  'disk-error': (world, { target }) =>
    ofDisks(world, target, { failsToWrite: true, failsToSync: true }, { failsToWrite: false, failsToSync: false }),
  'disk-slow': (world, { target, slower = 1 }) => ofDisks(world, target, { slower }, { slower: 1 }),
  reports: (world, { lateMs = 0, repeats = 1 }) => {
    world.reporting = { lateMs, repeats };
    return () => {
      world.reporting = { lateMs: 0, repeats: 1 };
    };
  },
};

/** Lets a fault begin now. Returns what ends it. */
export function beginFault(world: World, fault: WorldFault): () => void {
  const { kind, target } = fault;
  const tell = (told: 'fault-began' | 'fault-ended'): void =>
    world.observe({ kind: told, atMs: world.loop.nowMs, fault: kind, target } satisfies Observation);
  tell('fault-began');
  const end = BEGIN[kind](world, fault);
  return () => {
    end();
    tell('fault-ended');
  };
}

type Node = World['nodes'][number];

function nodesMeant(world: World, target: string): readonly Node[] {
  return world.nodes.filter(({ process, isStandby }) => !isStandby && isMeant(process, target));
}

/** Engines keep their logs there. */
function ofDisks(world: World, target: string, sick: Partial<DiskFaults>, well: Partial<DiskFaults>): () => void {
  const { services } = world;
  if (services === null) return NOTHING_TO_END;
  const disks = world.engines
    .filter(({ process }) => isMeant(process, target))
    .map(({ name }) => services.diskOf(name));
  for (const disk of disks) Object.assign(disk.faults, sick);
  return () => {
    for (const disk of disks) Object.assign(disk.faults, well);
  };
}

function startAgain(nodes: readonly Node[]): void {
  for (const node of nodes) if (!node.process.isUp && !node.isStandby) node.start();
}

/** By its own name, or by that of its region. */
function isMeant({ name, region }: VirtualProcess, target: string): boolean {
  return name === target || region === target;
}
