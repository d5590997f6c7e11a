import type { Observation } from '../history.ts';

/** When a life of this process ended next; null: it lives on. Virtual ms. */
export type NextEnd = (process: string, afterMs: number) => number | null;

export function nextEndOf(observations: readonly Observation[]): NextEnd {
  const ends = new Map<string, number[]>();
  for (const seen of observations) {
    if (seen.kind !== 'process-ended') continue;
    const before = ends.get(seen.process);
    if (before === undefined) ends.set(seen.process, [seen.atMs]);
    else before.push(seen.atMs);
  }
  return (process, afterMs) => ends.get(process)?.find((endMs) => endMs >= afterMs) ?? null;
}

export function killedProcesses(observations: readonly Observation[]): ReadonlySet<string> {
  const killed = new Set<string>();
  for (const seen of observations) if (seen.kind === 'process-ended' && seen.how === 'killed') killed.add(seen.process);
  return killed;
}

export function startedProcesses(observations: readonly Observation[]): readonly string[] {
  return observations.flatMap((seen) => (seen.kind === 'process-started' ? [seen.process] : []));
}
