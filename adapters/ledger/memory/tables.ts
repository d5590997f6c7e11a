/** The tables of the books in memory, and what their constraints refuse (`migrations/`). */
import type { Row } from '../database.ts';
import type {
  AccountRow,
  AuditRow,
  ChargeRow,
  DayRow,
  LeaseRow,
  ShareRow,
  SlotRow,
  TrancheRow,
  TransferRow,
} from '../rows.ts';
import { MemoryTable, type TableShape, type UndoableChange } from './memory-table.ts';

export interface PlaceRow extends Row {
  readonly source: string;
  readonly partition: number;
  readonly epoch: bigint;
  readonly next_offset: bigint | null;
}

export interface DspTransferRow extends Row {
  readonly kind: 'bill' | 'refund' | 'void';
  readonly key: string;
  readonly dsp_id: string;
  readonly seat: string;
  readonly publisher_id: string;
  readonly currency: string;
  readonly amount: bigint;
  readonly fee: bigint;
  readonly happened_at_ms: bigint;
  readonly terms: string | null;
  readonly at_ms: bigint;
}

export interface NoticeRow extends Row {
  readonly key: string;
  readonly dsp_id: string;
  readonly auction_id: string;
  readonly imp_id: string;
  readonly url: string;
  readonly at_ms: bigint;
}

export interface PendingNoticeRow extends Row {
  readonly key: string;
  readonly dsp_id: string;
  readonly auction_id: string;
  readonly imp_id: string;
  readonly url: string | null;
  readonly kept_at_ms: bigint;
  readonly until_ms: bigint;
}

export interface DeadLetterRow extends Row {
  readonly source: string;
  readonly partition: number;
  readonly log_offset: bigint;
}

export interface BookedEventRow extends Row {
  readonly id: string;
  readonly payload: string;
  readonly due_at_ms: bigint;
}

export interface WatermarkRow extends Row {
  readonly source: string;
  readonly partition: number;
  readonly booked_until_ms: bigint;
}

export interface BacklogRow extends Row {
  readonly outbox: string;
  readonly since_ms: bigint;
  readonly until_ms: bigint | null;
}

export interface TrafficRow extends Row {
  readonly account_id: string;
  readonly memory: string;
  readonly events: number;
  readonly kept_at_ms: bigint;
}

export interface SequenceRow extends Row {
  readonly value: bigint;
}

/** One with its key alone. */
interface IdRow extends Row {
  readonly id: string;
}

export type Tables = ReturnType<typeof makeTables>;

export function makeTables(changes: UndoableChange[]) {
  const table = <Of extends Row, Index extends string = never>(shape: TableShape<Of, Index>): MemoryTable<Of, Index> =>
    new MemoryTable(shape, changes);
  const booking = (name: string, ...json: readonly string[]): MemoryTable<IdRow> =>
    table<IdRow>({ name, nameOf: ({ id }) => id, json });
  return {
    account: table<AccountRow>({ name: 'account', nameOf: ({ id }) => id, refusal: whyNoAccount }),
    account_day: table<DayRow>({ name: 'account_day', nameOf: ofDay, refusal: whyNoDay }),
    tranche: table<TrancheRow, 'open'>({
      name: 'tranche',
      nameOf: ({ account_id, epoch }) => `${account_id}#${epoch}`,
      indexes: { open: ({ state, account_id }) => (state === 'open' ? account_id : null) },
      refusal: whyNoTranche,
    }),
    lease: table<LeaseRow, 'open'>({
      name: 'lease',
      nameOf: ofLease,
      indexes: { open: (lease) => (lease.state === 'closed' ? null : ofLease(lease)) },
      refusal: whyNoLease,
    }),
    charge: table<ChargeRow, 'reserved' | 'parked' | 'untold'>({
      name: 'charge',
      nameOf: ({ key }) => key,
      indexes: {
        reserved: ({ state, key }) => (state === 'reserved' ? key : null),
        parked: ({ state, key }) => (state === 'parked' ? key : null),
        untold: (charge) => (isUntold(charge) ? charge.key : null),
      },
      refusal: whyNoCharge,
    }),
    transfer: table<TransferRow>({
      name: 'transfer',
      nameOf: ({ kind, key }) => `${kind} ${key}`,
      refusal: whyNoTransfer,
      isNumbered: true,
    }),
    delivery_slot: table<SlotRow>({
      name: 'delivery_slot',
      nameOf: ({ account_id, slot_start_ms }) => `${account_id} ${slot_start_ms}`,
    }),
    publisher_share: table<ShareRow>({
      name: 'publisher_share',
      nameOf: ({ account_id, publisher_id }) => JSON.stringify([account_id, publisher_id]),
    }),
    audit: table<AuditRow & { id?: bigint }>({
      name: 'audit',
      nameOf: ({ id }) => String(id),
      json: ['details'],
      isNumbered: true,
    }),
    advertiser: booking('advertiser', 'domains'),
    campaign: booking('campaign', 'frequency_caps'),
    creative: booking('creative', 'size', 'domains', 'categories', 'attributes'),
    line_item: booking('line_item', 'targeting', 'creative_ids'),
    booking_sequence: table<SequenceRow>({ name: 'booking_sequence', nameOf: () => 'last' }),
    consumer_offset: table<PlaceRow>({ name: 'consumer_offset', nameOf: ofPartition }),
    dsp_transfer: table<DspTransferRow>({
      name: 'dsp_transfer',
      // Billed or void once, refunded once.
      nameOf: ({ kind, key }) => `${kind === 'refund' ? 'refunded' : 'decided'} ${key}`,
      refusal: whyNoDspTransfer,
      isNumbered: true,
    }),
    billing_notice: table<NoticeRow>({ name: 'billing_notice', nameOf: ({ key }) => key }),
    pending_notice: table<PendingNoticeRow, 'waiting'>({
      name: 'pending_notice',
      nameOf: ({ key }) => key,
      indexes: { waiting: ({ url, key }) => (url === null ? null : key) },
    }),
    dead_letter: table<DeadLetterRow>({
      name: 'dead_letter',
      nameOf: (letter) => `${ofPartition(letter)} ${letter.log_offset}`,
    }),
    booked_event: table<BookedEventRow>({ name: 'booked_event', nameOf: ({ id }) => id }),
    event_watermark: table<WatermarkRow>({ name: 'event_watermark', nameOf: ofPartition }),
    event_backlog: table<BacklogRow>({ name: 'event_backlog', nameOf: ({ outbox }) => outbox }),
    traffic_memory: table<TrafficRow>({ name: 'traffic_memory', nameOf: ({ account_id }) => account_id }),
  };
}

function ofDay({ account_id, day }: DayRow): string {
  return `${account_id} ${day}`;
}

function ofLease({ account_id, epoch, sequence }: LeaseRow): string {
  return `${account_id}#${epoch}.${sequence}`;
}

function ofPartition({ source, partition }: { readonly source: string; readonly partition: number }): string {
  return `${source} ${partition}`;
}

function isUntold({ state, terms, expiry_told }: ChargeRow): boolean {
  return terms !== null && !expiry_told && (state === 'expired' || state === 'shared' || state === 'uncovered');
}

const BUDGET_MAX = 4_000_000_000_000_000_000n;

function whyNoAccount(account: AccountRow, before: AccountRow | undefined): string | null {
  const { budget, available, tranched, leased, reserved, spent, absorbed } = account;
  if (budget < 0n || budget > BUDGET_MAX) return `budget ${budget}`;
  if ([available, tranched, leased, reserved, spent, absorbed].some((balance) => balance < 0n))
    return 'balance below 0';
  const funded = available + tranched + leased + reserved + spent;
  if (funded < budget || (funded !== budget && available > 0n)) return `${funded} of ${budget} is somewhere`;
  return spendsBeyond(account, before) ? `spend ${spent} above budget ${budget}` : null;
}

function whyNoDay(day: DayRow, before: DayRow | undefined): string | null {
  const { spent, committed, budget } = day;
  if (committed < 0n || spent < 0n || spent > committed) return `spent ${spent} of ${committed}`;
  return spendsBeyond(day, before) ? `spend ${spent} above budget ${budget}` : null;
}

interface Spending {
  readonly spent: bigint;
  readonly budget: bigint | null;
}

function spendsBeyond({ spent, budget }: Spending, before: Spending | undefined): boolean {
  return before !== undefined && spent > before.spent && budget !== null && spent > budget;
}

function whyNoTranche({ state, amount, leased, returned }: TrancheRow): string | null {
  if (amount <= 0n || leased < 0n || returned < 0n || leased + returned > amount) return 'more than its amount';
  return state === 'open' || leased + returned === amount ? null : 'closed with something left';
}

function whyNoLease({ state, amount, reserved, billed, returned }: LeaseRow): string | null {
  const used = reserved + billed + returned;
  if (amount <= 0n || reserved < 0n || billed < 0n || returned < 0n || used > amount) return 'more than its amount';
  return state !== 'closed' || used === amount ? null : 'closed with something left';
}

function whyNoCharge({ state, amount, fee, account_id, publisher_id }: ChargeRow): string | null {
  if (amount < 0n || fee < 0n || fee > amount) return `fee ${fee} of ${amount}`;
  if (account_id === null && state !== 'released' && state !== 'parked') return `${state} of no account`;
  const isPaid = state === 'billed' || state === 'absorbed' || state === 'refunded';
  return isPaid && publisher_id === null ? `${state} for nobody` : null;
}

function whyNoTransfer({ amount, fee }: TransferRow): string | null {
  return amount <= 0n || fee < 0n || fee > amount ? `fee ${fee} of ${amount}` : null;
}

function whyNoDspTransfer({ kind, amount, fee }: DspTransferRow): string | null {
  return amount < 0n || fee < 0n || fee > amount || (kind === 'void' && amount !== 0n) ? `${kind} of ${amount}` : null;
}
