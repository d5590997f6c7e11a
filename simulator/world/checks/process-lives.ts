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

/** Whether a process was kept from its work by a fault at some time in between. */
export type WasBusy = (process: string, fromMs: number, untilMs: number) => boolean;

/** After a block it has the work of that time before it. */
const CATCHING_UP_MS = 2000;

export function busynessOf(observations: readonly Observation[]): WasBusy {
  const spans: { readonly process: string; readonly fromMs: number; untilMs: number }[] = [];
  for (const seen of observations) {
    if ((seen.kind !== 'fault-began' && seen.kind !== 'fault-ended') || seen.fault !== 'process-busy') continue;
    const open = spans.find(({ process, untilMs }) => process === seen.target && untilMs === Number.POSITIVE_INFINITY);
    if (open !== undefined) open.untilMs = seen.atMs + CATCHING_UP_MS;
    else spans.push({ process: seen.target, fromMs: seen.atMs, untilMs: Number.POSITIVE_INFINITY });
  }
  return (process, fromMs, untilMs) =>
    spans.some((span) => span.process === process && span.fromMs <= untilMs && span.untilMs >= fromMs);
}
