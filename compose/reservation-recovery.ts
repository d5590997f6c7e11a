/** Tells the ledger again, from the event logs of the data folder, what a killed process had won and not told. */
import { type ReservationRecoveryOptions, recoverReservations } from '../actors/reservation-recovery.ts';
import { readNewestEvents } from '../adapters/event-log/reader.ts';
import { LEASE_POLICY_DEFAULTS } from '../engine/budget/lease-policy.ts';
import type { Parts } from './parts.ts';

export interface RecoveryOptions extends Pick<ReservationRecoveryOptions, 'ledger' | 'onBilled' | 'onFault'> {
  readonly eventFolders: readonly string[];
  /** After the end of a lease, so long is what was won from it still told, ms. */
  readonly leaseGraceMs: number;
}

/** No lease lives longer. */
const LEASE_MS_MAX = Math.max(LEASE_POLICY_DEFAULTS.termMs, LEASE_POLICY_DEFAULTS.smallTermMs);
/** What was won before is from leases that are closed. The margin is for auctions under way and clocks. */
const MARGIN_MS = 60_000;
/** The start waits so long for it; it goes on while the engine serves. */
const START_WAIT_MS_MAX = 1000;

/** Never rejects. */
export async function startRecovery(
  { clock, timers, stores, log, closing }: Parts,
  { eventFolders, leaseGraceMs, ...options }: RecoveryOptions,
): Promise<void> {
  const sinceMs = clock.wallMs() - LEASE_MS_MAX - leaseGraceMs - MARGIN_MS;
  const aborting = new AbortController();
  const { signal } = aborting;
  const recovering = (async () => {
    for (const folder of eventFolders) {
      try {
        const events = readNewestEvents(folder, stores.disk?.files);
        const recovered = await recoverReservations({ ...options, events, sinceMs, timers, signal });
        log.info({ folder, sinceMs, ...recovered }, 'campaigns: wins of the event log are told to the ledger');
      } catch (err) {
        log.error({ folder, err }, 'campaigns: wins of the event log could not be read');
      }
    }
  })();
  closing(async () => {
    aborting.abort();
    await recovering;
  });
  await Promise.race([recovering, new Promise<void>((resolve) => timers.schedule(START_WAIT_MS_MAX, resolve))]);
}
