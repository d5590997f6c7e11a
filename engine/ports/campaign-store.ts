/**
 * What advertisers booked, durable (`adapters/ledger/campaign-store.ts`). Every write is audited, and keeps the ledger's
 * account of its campaign in step in the same transaction: a raise, cut, pause or end holds for money the moment it is
 * answered. Nothing is deleted: campaigns end, advertisers and line items are paused.
 *
 * Methods reject with a `CampaignStoreError` for what is refused, and with a `BudgetLedgerError` when the database cannot
 * be reached or is late.
 */
import type { Advertiser, Campaign, Creative, LineItem } from '../campaign/campaign.ts';

export interface BookingValues {
  readonly advertiser: Advertiser;
  readonly campaign: Campaign;
  readonly 'line-item': LineItem;
  readonly creative: Creative;
}

export type BookingKind = keyof BookingValues;

/** As stored. */
export type Booking<Kinds extends BookingKind = BookingKind> = {
  [Kind in Kinds]: {
    readonly kind: Kind;
    readonly value: BookingValues[Kind];
    /** Of this one: 1 when made, one more with each change. */
    readonly version: number;
    /** Of its last change, among all changes. */
    readonly sequence: number;
    readonly updatedAtMs: number;
  };
}[Kinds];

export type BookingWrite = {
  [Kind in BookingKind]: {
    readonly kind: Kind;
    readonly value: BookingValues[Kind];
    /** What the writer saw; null: it must not exist yet; `any`: written whatever is there (imports). */
    readonly expectedVersion: number | null | 'any';
  };
}[BookingKind];

export interface BookingQuery {
  /** Of this advertiser (campaigns, creatives) or campaign (line items). */
  readonly parentId?: string;
  /** By id, those behind this one: the last of the page before. */
  readonly afterId?: string;
  readonly limit: number;
}

export interface BookingChange {
  readonly atMs: number;
  readonly actor: string;
  /** Null when it was made. Amounts are strings. */
  readonly before: unknown;
  readonly after: unknown;
}

export interface CampaignStore {
  /**
   * All or nothing, in any order: what refers to another may come before it. In the order given. One transaction, so one
   * within the limits of the database's: thousands, not hundreds of thousands.
   */
  readonly write: (writes: readonly BookingWrite[], actor: string) => Promise<readonly Booking[]>;
  readonly read: <Kind extends BookingKind>(kind: Kind, id: string) => Promise<Booking<Kind> | null>;
  /** Of some ids those that exist, in any order. */
  readonly readMany: <Kind extends BookingKind>(
    kind: Kind,
    ids: readonly string[],
  ) => Promise<readonly Booking<Kind>[]>;
  /** By id. */
  readonly list: <Kind extends BookingKind>(kind: Kind, query: BookingQuery) => Promise<readonly Booking<Kind>[]>;
  /**
   * What changed after `sequence`, as it is now, by sequence; from 0 on that is everything. Ask again from the last one's
   * sequence. Costs one look-up when nothing changed.
   */
  readonly changesSince: (sequence: number, limit: number) => Promise<readonly Booking[]>;
  /** The latest first. */
  readonly history: (kind: BookingKind, id: string, limit: number) => Promise<readonly BookingChange[]>;
}

/**
 * `code` is stable: `conflict` (another version is stored), `exists`, `not-found`, `invalid` (it refers to what is not
 * there, or changes what is fixed). `index`: which of the writes.
 */
export class CampaignStoreError extends Error {
  override readonly name = 'CampaignStoreError';
  readonly code: 'conflict' | 'exists' | 'not-found' | 'invalid';
  readonly index: number;

  constructor(code: CampaignStoreError['code'], message: string, index: number) {
    super(message);
    this.code = code;
    this.index = index;
  }
}
