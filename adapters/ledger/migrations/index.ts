import { BOOKED_EVENTS } from './booked-events.ts';
import { BUDGET_DAYS } from './budget-days.ts';
import { CAMPAIGNS } from './campaigns.ts';
import { DELETIONS } from './deletions.ts';
import { EVENT_BILLING } from './event-billing.ts';
import { EVENT_WATERMARKS } from './event-watermarks.ts';
import { LEDGER } from './ledger.ts';
import { PARKED_REPORTS } from './parked-reports.ts';
import { ROW_AGES } from './row-ages.ts';
import { TRAFFIC } from './traffic.ts';

export interface Migration {
  /** Rises by one; once released neither number nor SQL ever changes. */
  readonly number: number;
  readonly name: string;
  readonly sql: string;
}

/**
 * Only additions that the release before can live with: engines of both run on one database during a rolling upgrade, and
 * after a roll-back.
 */
export const MIGRATIONS: readonly Migration[] = [
  { number: 1, name: 'ledger', sql: LEDGER },
  { number: 2, name: 'campaigns', sql: CAMPAIGNS },
  { number: 3, name: 'parked-reports', sql: PARKED_REPORTS },
  { number: 4, name: 'traffic', sql: TRAFFIC },
  { number: 5, name: 'budget-days', sql: BUDGET_DAYS },
  { number: 6, name: 'event-billing', sql: EVENT_BILLING },
  { number: 7, name: 'deletions', sql: DELETIONS },
  { number: 8, name: 'booked-events', sql: BOOKED_EVENTS },
  { number: 9, name: 'event-watermarks', sql: EVENT_WATERMARKS },
  { number: 10, name: 'row-ages', sql: ROW_AGES },
];
