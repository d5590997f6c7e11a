/** Statements of what advertisers booked. */
import type { BookingKind } from '../../../engine/ports/campaign-store.ts';
import type { BOOKED_TERMS_SQL } from '../booked-terms.ts';
import { BOOKING_KINDS, BOOKING_TABLES } from '../booking-rows.ts';
import type { CAMPAIGN_STORE_SQL } from '../campaign-store.ts';
import type { Row } from '../database.ts';
import { bigintOf, compareText, type Statement, type Statements } from './statement.ts';
import type { Tables } from './tables.ts';

export const CAMPAIGN_STORE_STATEMENTS: Statements<typeof CAMPAIGN_STORE_SQL> = {
  takeSequences: ({ tables }, count: number) => {
    const value = lastSequence(tables) + bigintOf(count);
    tables.booking_sequence.put({ value });
    return [{ value }];
  },
  lastSequence: ({ tables }) => [{ value: lastSequence(tables) }],
  aCampaignOf: ({ tables: { campaign } }, advertiserId: string) => {
    for (const { id, advertiser_id } of campaign.rows()) if (advertiser_id === advertiserId) return [{ id }];
    return [];
  },
  history: ({ tables: { audit } }, subject: string, limit: number) => {
    const rows = [...audit.rows()].filter((row) => row.subject === subject);
    return rows
      .reverse()
      .slice(0, limit)
      .map((row) => audit.copyOf(row));
  },
};

function lastSequence({ booking_sequence }: Tables): bigint {
  return booking_sequence.find({})?.value ?? 0n;
}

export const LIST_STATEMENTS = ofEachKind(
  (kind) =>
    ({ tables }, afterId: string, parentId: string | null, limit: number) => {
      const { parent } = BOOKING_TABLES[kind];
      const table = tableOf(tables, kind);
      const isWanted = (row: Row): boolean =>
        (row.id as string) > afterId && (parentId === null || row[parent!] === parentId);
      const page = [...table.rows()].filter(isWanted).sort((one, other) => compareText(one.id, other.id));
      return page.slice(0, limit).map((row) => table.copyOf(row));
    },
);

export const CHANGES_STATEMENTS = ofEachKind((kind) => ({ tables }, after: number, upTo: bigint, limit: number) => {
  const table = tableOf(tables, kind);
  const sequenceOf = (row: Row): bigint => row.sequence as bigint;
  const changed = [...table.rows()].filter((row) => sequenceOf(row) > after && sequenceOf(row) <= upTo);
  changed.sort((one, other) => Number(sequenceOf(one) - sequenceOf(other)));
  return changed.slice(0, limit).map((row) => table.copyOf(row));
});

function ofEachKind(statementOf: (kind: BookingKind) => Statement): Readonly<Record<BookingKind, Statement>> {
  return Object.fromEntries(BOOKING_KINDS.map((kind) => [kind, statementOf(kind)])) as Record<BookingKind, Statement>;
}

function tableOf({ advertiser, campaign, creative, line_item }: Tables, kind: BookingKind) {
  return { advertiser, campaign, creative, 'line-item': line_item }[kind];
}

export const BOOKED_TERMS_STATEMENTS: Statements<typeof BOOKED_TERMS_SQL> = {
  campaigns: ({ tables }, ids: readonly string[], advertiserIds: readonly string[]) => {
    const [wanted, ofAdvertisers] = [new Set<unknown>(ids), new Set<unknown>(advertiserIds)];
    const campaigns = [...tables.campaign.rows()].filter(
      ({ id, advertiser_id }) => wanted.has(id) || ofAdvertisers.has(advertiser_id),
    );
    return campaigns.map((campaign) => {
      const { currency, time_zone, is_paused } = tables.advertiser.find({ id: campaign.advertiser_id })!;
      return { ...campaign, currency, time_zone, is_paused };
    });
  },
  quotas: ({ tables: { line_item } }, campaignIds: readonly string[]) => {
    const wanted = new Set<unknown>(campaignIds);
    return [...line_item.rows()].filter(
      ({ campaign_id, goal_impressions }) => wanted.has(campaign_id) && goal_impressions !== null,
    );
  },
};
