import type { DspSkipReason } from '../../engine/dsp/dsp-health.ts';
import type { DspState } from './messages.ts';

/** One DSP over all workers, for people: what is counted is summed, what each learned for itself stands per worker. */
export interface DspOfWorkers {
  readonly id: string;
  readonly origin: string | undefined;
  readonly inFlight: number;
  readonly callCount: number;
  readonly skipCounts: Readonly<Record<DspSkipReason, number>>;
  readonly workers: readonly (Omit<DspState, 'id' | 'origin'> & { readonly worker: number })[];
}

/** `states` by worker number. Body of `GET /admin/dsps` with several workers, in the order of `ids`. */
export function dspsOfWorkers(
  states: ReadonlyMap<number, readonly DspState[]>,
  ids: readonly string[],
): DspOfWorkers[] {
  const byId = new Map<string, DspOfWorkers>();
  for (const [worker, dsps] of [...states].sort(([a], [b]) => a - b)) {
    for (const { id, origin, ...state } of dsps) {
      byId.set(id, added(byId.get(id) ?? { ...NOTHING, id, origin }, { ...state, worker }));
    }
  }
  return ids.flatMap((id) => byId.get(id) ?? []);
}

const NOTHING = { inFlight: 0, callCount: 0, skipCounts: {} as DspOfWorkers['skipCounts'], workers: [] };

function added(dsp: DspOfWorkers, state: DspOfWorkers['workers'][number]): DspOfWorkers {
  const skips = Object.entries(state.skipCounts) as [DspSkipReason, number][];
  return {
    ...dsp,
    inFlight: dsp.inFlight + state.inFlight,
    callCount: dsp.callCount + state.callCount,
    skipCounts: Object.fromEntries(
      skips.map(([reason, count]) => [reason, (dsp.skipCounts[reason] ?? 0) + count]),
    ) as DspOfWorkers['skipCounts'],
    workers: [...dsp.workers, state],
  };
}
