import type { Observation } from '../history.ts';
import type { World } from '../world.ts';

export interface HeldLeases {
  readonly leasedNanos: number;
  /** Of them, by processes that live no longer: it comes back when its lease is swept. */
  readonly strandedNanos: number;
}

/** Who holds how much of which account in leases, by the transfers of the ledger. */
export class LeaseTally {
  /** By account and process id. */
  readonly #held = new Map<string, Map<string, number>>();

  observe(seen: Observation): void {
    if (seen.kind !== 'transfer' || seen.lease === null) return;
    const { accountId, amount, from, to, lease } = seen;
    const change = (to === 'leased' ? amount : 0) - (from === 'leased' ? amount : 0);
    const held = this.#held.get(accountId) ?? new Map<string, number>();
    this.#held.set(accountId, held);
    const left = (held.get(lease.processId) ?? 0) + change;
    if (left === 0) held.delete(lease.processId);
    else held.set(lease.processId, left);
  }

  /** Now. */
  of(accountId: string, { engines }: World): HeldLeases {
    const alive = new Set(engines.filter(({ process }) => process.isUp).map(({ lifeName }) => lifeName));
    let [leasedNanos, strandedNanos] = [0, 0];
    for (const [processId, nanos] of this.#held.get(accountId) ?? []) {
      leasedNanos += nanos;
      if (!alive.has(lifeNameIn(processId))) strandedNanos += nanos;
    }
    return { leasedNanos, strandedNanos };
  }
}

/** Engines put a random tag behind it. */
function lifeNameIn(processId: string): string {
  return processId.slice(0, processId.lastIndexOf('-'));
}
