import type { Observation } from '../history.ts';

/** When each process ended that has; names are not used again. Virtual ms. */
export function processEnds(observations: readonly Observation[]): ReadonlyMap<string, number> {
  const ends = new Map<string, number>();
  for (const seen of observations) if (seen.kind === 'process-ended') ends.set(seen.process, seen.atMs);
  return ends;
}

export function killedProcesses(observations: readonly Observation[]): ReadonlySet<string> {
  const killed = new Set<string>();
  for (const seen of observations) if (seen.kind === 'process-ended' && seen.how === 'killed') killed.add(seen.process);
  return killed;
}
