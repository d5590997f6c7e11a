/** Outages in the log: one line when one begins and one when it is over, however often something is tried in between. */
import type { Parts } from './parts.ts';

export interface OutageTexts {
  readonly failed: string;
  readonly recovered: string;
}

export interface Outage {
  readonly failed: (error: unknown) => void;
  readonly succeeded: () => void;
}

/** Without a failure for so long it is over: one thing may go on failing while others like it succeed. */
const CALM_MS = 5000;

export function tellOutage({ log, clock }: Pick<Parts, 'log' | 'clock'>, { failed, recovered }: OutageTexts): Outage {
  let failures = 0;
  let beganAtMs = 0;
  let lastAtMs = 0;
  return {
    failed: (err) => {
      lastAtMs = clock.monotonicMs();
      if (failures === 0) {
        beganAtMs = lastAtMs;
        log.warn({ err }, failed);
      }
      failures += 1;
    },
    succeeded: () => {
      if (failures === 0 || clock.monotonicMs() - lastAtMs < CALM_MS) return;
      log.info({ failures, outageMs: lastAtMs - beganAtMs }, recovered);
      failures = 0;
    },
  };
}
