/**
 * What engines and consumers want of the place where campaigns and their money are kept. It is one database, so all of it changes
 * together; a stand-in of the outside (`OutsideParts.books`) may take its place.
 */
import { takeBillingNotices } from '../adapters/ledger/billing-notices.ts';
import { type BookedEvents, keepBookedEvents, openBookedEvents } from '../adapters/ledger/booked-events.ts';
import { databaseNowMs } from '../adapters/ledger/books.ts';
import { openCampaignStore } from '../adapters/ledger/campaign-store.ts';
import type { Database } from '../adapters/ledger/database.ts';
import { openDeliveryReports } from '../adapters/ledger/delivery-reports.ts';
import { tellBacklog, tellNoBacklog } from '../adapters/ledger/event-backlogs.ts';
import { type EventBooksOptions, forgetPlaces, openEventBooks } from '../adapters/ledger/event-books.ts';
import {
  EventWatermarks,
  type EventWatermarksOptions,
  registerEventSource,
} from '../adapters/ledger/event-watermarks.ts';
import { type LedgerOptions, openBudgetLedger, readFigures } from '../adapters/ledger/ledger.ts';
import { type MoneySurvey, surveyMoney } from '../adapters/ledger/money-survey.ts';
import { sweepPendingNotices } from '../adapters/ledger/pending-notices.ts';
import { openRefunds } from '../adapters/ledger/refunds.ts';
import { openTrafficMemories } from '../adapters/ledger/traffic-memories.ts';
import type { OutcomeEvent } from '../engine/events/outcome-events.ts';
import type { BudgetLedger } from '../engine/ports/budget-ledger.ts';
import type { CampaignStore } from '../engine/ports/campaign-store.ts';
import type { DeliveryReports } from '../engine/ports/delivery-reports.ts';
import type { EventBooks } from '../engine/ports/event-books.ts';
import type { Notice } from '../engine/ports/notice-sender.ts';
import type { Refunds } from '../engine/ports/refunds.ts';
import type { TrafficMemories } from '../engine/ports/traffic-memories.ts';

/** All of it rejects with a `BudgetLedgerError` when it cannot be reached or is late. Times are by its own clock. */
export interface Books {
  readonly store: CampaignStore;
  readonly reports: DeliveryReports;
  readonly traffic: TrafficMemories;
  readonly refunds: Refunds;
  readonly figures: BudgetLedger['figures'];
  /** Closing it closes the books. */
  readonly openLedger: (options: Omit<LedgerOptions, 'nowMs'>) => BudgetLedger;
  readonly openEventBooks: (options: Omit<EventBooksOptions, 'nowMs'>) => EventBooks;
  /** Whoever claims a partition of this source next begins at its oldest event. */
  readonly forgetPlaces: (source: string) => Promise<void>;
  readonly bookedEvents: BookedEvents & {
    /** Events that no booking has made: whoever takes those of bookings stores them, too. */
    readonly keep: (events: readonly OutcomeEvent[]) => Promise<void>;
  };
  readonly billingNotices: {
    /** See `takeBillingNotices`. */
    readonly take: (countMax: number) => Promise<readonly Notice[]>;
    /** See `sweepPendingNotices`. */
    readonly sweepPending: (nowMs: number) => Promise<void>;
  };
  readonly backlogs: {
    /** See `tellBacklog`. */
    readonly tell: (outbox: string, oldestMs: number) => Promise<void>;
    /** See `tellNoBacklog`. */
    readonly tellNone: (outbox: string) => Promise<void>;
  };
  /** See `registerEventSource`. */
  readonly registerSource: (source: string, backlogMs: number) => Promise<void>;
  readonly openWatermarks: (
    options: Omit<EventWatermarksOptions, 'nowMs'>,
  ) => Pick<EventWatermarks, 'advance' | 'lagMs'>;
  /** `billingHorizonMs`: as `MoneySurveyOptions`. */
  readonly surveyMoney: (billingHorizonMs: number) => Promise<MoneySurvey>;
  /** Epoch ms. */
  readonly nowMs: () => Promise<number>;
  readonly close: () => Promise<void>;
}

/** The database must be migrated. */
export function sqlBooks(database: Database): Books {
  return {
    store: openCampaignStore(database, BY_DATABASE),
    reports: openDeliveryReports(database),
    traffic: openTrafficMemories(database),
    refunds: openRefunds(database, null),
    figures: (accountIds) => readFigures(database, accountIds),
    openLedger: (options) => openBudgetLedger(database, { ...options, ...BY_DATABASE }),
    openEventBooks: (options) => openEventBooks(database, { ...options, ...BY_DATABASE }),
    forgetPlaces: (source) => forgetPlaces(database, source),
    bookedEvents: {
      ...openBookedEvents(database, null),
      keep: async (events) => keepBookedEvents(database, events, await databaseNowMs(database)),
    },
    billingNotices: {
      take: (countMax) => takeBillingNotices(database, countMax),
      sweepPending: (nowMs) => sweepPendingNotices(database, nowMs),
    },
    backlogs: {
      tell: (outbox, oldestMs) => tellBacklog(database, { outbox, ...BY_DATABASE }, oldestMs),
      tellNone: (outbox) => tellNoBacklog(database, { outbox, ...BY_DATABASE }),
    },
    registerSource: (source, backlogMs) => registerEventSource(database, source, { backlogMs, ...BY_DATABASE }),
    openWatermarks: (options) => new EventWatermarks(database, { ...options, ...BY_DATABASE }),
    surveyMoney: (billingHorizonMs) => surveyMoney(database, { billingHorizonMs, ...BY_DATABASE }),
    nowMs: async () => Number(await databaseNowMs(database)),
    close: () => database.close(),
  };
}

const BY_DATABASE = { nowMs: null } as const;
