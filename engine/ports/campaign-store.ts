/**
 * What is booked, durably: advertisers, campaigns, line items, creatives (`adapters/ledger`). Every row has a version that
 * rises with each change, every change is audited, and a campaign's or guaranteed line item's ledger account follows in
 * the same transaction.
 */
import type { Advertiser, Campaign, Creative, LineItem } from '../campaign/campaign.ts';

export interface Stored<Value> {
  readonly value: Value;
  /** From 1. */
  readonly version: number;
}

export type PutResult<Value> =
  | { readonly kind: 'stored'; readonly stored: Stored<Value> }
  /** It is not at the version that the change was made on; null: it does not exist. */
  | { readonly kind: 'conflict'; readonly current: Stored<Value> | null }
  /** What is stored forbids it: an unknown parent, a currency or parent that is fixed, a campaign that has ended. */
  | { readonly kind: 'refused'; readonly field: string; readonly message: string };

export interface ListFilter {
  /** Of an advertiser (campaigns, creatives) or a campaign (line items); null: of all. */
  readonly parentId: string | null;
  /** Ids above this one, in order; null: from the first. */
  readonly after: string | null;
  readonly limit: number;
}

export interface BookingTable<Value> {
  readonly get: (id: string) => Promise<Stored<Value> | null>;
  readonly list: (filter: ListFilter) => Promise<readonly Stored<Value>[]>;
  /** `expectedVersion` null: it must not exist yet. `by`: who, for the audit. */
  readonly put: (value: Value, expectedVersion: number | null, by: string) => Promise<PutResult<Value>>;
}

export type BookingKind = 'advertiser' | 'campaign' | 'line-item' | 'creative';

export interface BookingChange {
  readonly kind: BookingKind;
  readonly id: string;
}

export interface AuditEntry {
  readonly sequence: number;
  /** Epoch ms by the ledger's clock. */
  readonly atMs: number;
  readonly by: string;
  /** `campaign.changed`, `lease.granted`. */
  readonly action: string;
  readonly kind: string;
  readonly id: string;
  /** What was and what is; null where there is no such thing. */
  readonly before: unknown;
  readonly after: unknown;
}

export interface CampaignStore {
  readonly advertisers: BookingTable<Advertiser>;
  readonly campaigns: BookingTable<Campaign>;
  readonly lineItems: BookingTable<LineItem>;
  readonly creatives: BookingTable<Creative>;
  /**
   * What has changed behind `sequence` (0: everything), each row once, at most `limit` of them, and the sequence to ask from
   * next. A change that commits late is not passed over.
   */
  readonly changesSince: (
    sequence: number,
    limit: number,
  ) => Promise<{ readonly sequence: number; readonly changes: readonly BookingChange[] }>;
  /** Latest first. */
  readonly audit: (filter: {
    readonly kind: string | null;
    readonly id: string | null;
    /** Entries before this sequence; null: from the latest. */
    readonly before: number | null;
    readonly limit: number;
  }) => Promise<readonly AuditEntry[]>;
}
