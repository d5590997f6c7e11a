/** The world of one seed once more, with all that was seen of it. */
import { drawWorld } from '../faults/draw-world.ts';
import type { History, Observation } from '../history.ts';
import { runDrawn } from './run-seed.ts';
import type { SeedOutcome } from './seed-outcome.ts';

export interface SeedLook {
  readonly outcome: SeedOutcome;
  /** Null: it could not be run to its end. */
  readonly history: History | null;
}

export async function lookAtSeed(seed: number): Promise<SeedLook> {
  let history: History | null = null;
  const outcome = await runDrawn(drawWorld(seed), {
    onHistory: (seen) => {
      history ??= seen;
    },
  });
  return { outcome, history };
}

/** What was drawn, and what became of processes and faults, in order. */
export function describeHistory(seed: number, history: History | null): string {
  const { mode, scenario } = drawWorld(seed);
  const { durationSec, startAt, traffic, regions, consumers, campaigns, cpuMsPerAuction } = scenario;
  const engines = regions.reduce((sum, region) => sum + region.engines, 0);
  const head =
    `seed ${seed}: ${mode}, ${durationSec} s from ${startAt}, ${traffic.requestsPerSec} requests/s, engines: ${engines}, ` +
    `consumers: ${campaigns === undefined ? 0 : consumers}, ${cpuMsPerAuction.toFixed(2)} ms of processor an auction`;
  const faults = scenario.faults.map(({ fromSec, forSec = 0, ...fault }) => {
    return `  ${fromSec.toFixed(3)} to ${(fromSec + forSec).toFixed(3)} s: ${JSON.stringify(fault)}`;
  });
  const happened = (history?.observations ?? []).flatMap((seen) => {
    const text = landmark(seen);
    return text === null ? [] : [`  ${(seen.atMs / 1000).toFixed(3)} s: ${text}`];
  });
  return [head, 'drawn faults:', ...faults, 'what happened:', ...happened].join('\n');
}

function landmark(seen: Observation): string | null {
  switch (seen.kind) {
    case 'process-started':
      return `${seen.process} started`;
    case 'process-ended':
      return `${seen.process} ${seen.how}`;
    case 'fault-began':
      return `${seen.fault} of ${seen.target} began`;
    case 'fault-ended':
      return `${seen.fault} of ${seen.target} ended`;
    case 'healed':
    case 'traffic-ended':
      return seen.kind;
    default:
      return null;
  }
}
