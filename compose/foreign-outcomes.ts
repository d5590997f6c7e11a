/** What a worker's tracking URLs tell of auctions that another worker has run: for its estimates, so the supervisor passes it on. */
import type { Outcome } from '../engine/estimation/quality/awaited-outcomes.ts';
import type { Parts } from './parts.ts';
import { repeat } from './repeat.ts';

export interface ForeignOutcomesOptions {
  readonly isOwn: (auctionId: string) => boolean;
  /** Counts them here. */
  readonly reportHere: (outcomes: readonly Outcome[]) => void;
  /** Tells the other workers. */
  readonly passOn: (outcomes: readonly Outcome[]) => void;
}

/** Each worker is told all of them: some at a time. */
const INTERVAL_MS = 250;
/** Overflow policy `refuse-newest`: further ones are reported here, where they are unknown and counted so. */
const WAITING_MAX = 2000;

export function sortOutcomes(
  parts: Pick<Parts, 'timers' | 'closing'>,
  { isOwn, reportHere, passOn }: ForeignOutcomesOptions,
): (outcome: Outcome) => void {
  let waiting: Outcome[] = [];
  repeat(parts, INTERVAL_MS, async () => {
    if (waiting.length > 0) passOn(waiting);
    waiting = [];
  });
  return (outcome) => {
    if (isOwn(outcome.auctionId) || waiting.length >= WAITING_MAX) reportHere([outcome]);
    else waiting.push(outcome);
  };
}
