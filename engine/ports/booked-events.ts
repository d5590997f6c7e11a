/**
 * Events of what the books have booked by themselves, kept in the transaction that booked it until some process has stored them in its
 * event log. Adapter: `adapters/ledger/booked-events.ts`.
 */
import type { OutcomeEvent } from '../events/outcome-events.ts';

export interface BookedEvents {
  /**
   * The oldest that nobody else has taken lately, at most so many. They come again, to whoever asks, until they are said to be
   * stored: a process that is killed in between loses nothing, and may leave one in two logs, under one id.
   */
  readonly take: (countMax: number) => Promise<readonly OutcomeEvent[]>;
  readonly stored: (ids: readonly string[]) => Promise<void>;
}
