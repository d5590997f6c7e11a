/**
 * How long a prediction may be used. Each is kept under two keys: one of all features it was made from, which holds for
 * seconds because some of them change by the minute, and one of the few in the coarse key, which holds for minutes and
 * answers for what has not been seen exactly so.
 */
import type { Random } from '../../ports/random.ts';

export interface Horizon {
  /** In this process, ms since it came here. */
  readonly localMs: number;
  /** In all processes, ms since the model gave it; at least `localMs`. */
  readonly sharedMs: number;
  /** While the model is failing, late or too busy, ms since the model gave it; at least `sharedMs`. */
  readonly staleMs: number;
}

export interface HorizonOptions {
  readonly exact: Horizon;
  readonly coarse: Horizon;
  /** That the model has no estimate for a row is remembered so long, ms. */
  readonly negativeMs: number;
  /** Up to this share is taken off `localMs` at random, so that what came together does not go together. */
  readonly jitterShare: number;
  /** A prediction that is used after this share of `localMs` is refreshed. */
  readonly refreshShare: number;
}

export const HORIZON_DEFAULTS: HorizonOptions = {
  exact: { localMs: 10_000, sharedMs: 30_000, staleMs: 300_000 },
  coarse: { localMs: 300_000, sharedMs: 600_000, staleMs: 3_600_000 },
  negativeMs: 2000,
  jitterShare: 0.2,
  refreshShare: 0.7,
};

/** All monotonic ms of this process. */
export interface Expiry {
  readonly refreshAtMs: number;
  readonly freshUntilMs: number;
  readonly staleUntilMs: number;
}

/** Of a prediction that the model gave at `bornAtMs` and that came here at `nowMs`. */
export function expiryOf(
  { localMs, sharedMs, staleMs }: Horizon,
  { jitterShare, refreshShare }: HorizonOptions,
  { bornAtMs, nowMs }: { readonly bornAtMs: number; readonly nowMs: number },
  random: Random,
): Expiry {
  const jitteredMs = localMs * (1 - jitterShare * random());
  const freshUntilMs = Math.min(nowMs + jitteredMs, bornAtMs + sharedMs);
  return {
    refreshAtMs: nowMs + (freshUntilMs - nowMs) * refreshShare,
    freshUntilMs,
    staleUntilMs: bornAtMs + staleMs,
  };
}

/** Nothing is refreshed that does not exist; one that expires is asked for again. */
export function negativeExpiryOf({ negativeMs, jitterShare }: HorizonOptions, nowMs: number, random: Random): Expiry {
  const untilMs = nowMs + negativeMs * (1 - jitterShare * random());
  return { refreshAtMs: Number.POSITIVE_INFINITY, freshUntilMs: untilMs, staleUntilMs: untilMs };
}
