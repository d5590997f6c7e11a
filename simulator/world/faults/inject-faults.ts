import type { Observation } from '../history.ts';
import { FAULT_CATALOGUE } from './catalogue.ts';
import type { FaultSpec } from './fault.ts';
import type { WorldUnderFaults } from './world-under-faults.ts';

/**
 * Has the faults of a scenario happen, each in its time. Where two of one kind strike the same target at a time, the end of the
 * first ends both.
 */
export function injectFaults(
  faults: readonly FaultSpec[],
  world: WorldUnderFaults,
  observe: (seen: Observation) => void,
): void {
  for (const { kind, target, fromSec, forSec, by } of faults) {
    const definition = FAULT_CATALOGUE[kind];
    const fromMs = fromSec * 1000;
    world.at(fromMs, () => {
      observe({ kind: 'fault-began', atMs: world.nowMs(), fault: kind, target });
      const heal = definition.strike(world, target, by ?? definition.by?.usual ?? 0);
      world.at(fromMs + forSec * 1000, () => {
        heal();
        observe({ kind: 'fault-ended', atMs: world.nowMs(), fault: kind, target });
      });
    });
  }
}

/** When the last of them is over, virtual ms; 0: there is none. */
export function faultsEndMs(faults: readonly FaultSpec[]): number {
  return faults.reduce((endMs, { fromSec, forSec }) => Math.max(endMs, (fromSec + forSec) * 1000), 0);
}
