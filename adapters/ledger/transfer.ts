import type { AccountRow, LeaseRow, TrancheRow } from './rows.ts';

/** Where an amount goes from and to. The books of an account are its columns of that name; the others are the world's. */
export const BOOKS = {
  fund: ['funding', 'available'],
  defund: ['available', 'funding'],
  'open-tranche': ['available', 'tranched'],
  'close-tranche': ['tranched', 'available'],
  lease: ['tranched', 'leased'],
  return: ['leased', 'available'],
  'take-back': ['available', 'leased'],
  reserve: ['leased', 'reserved'],
  release: ['reserved', 'leased'],
  bill: ['leased', 'spent'],
  'bill-reserved': ['reserved', 'spent'],
  'bill-available': ['available', 'spent'],
  refund: ['spent', 'available'],
  absorb: ['absorbed', 'served'],
  'refund-absorbed': ['served', 'absorbed'],
} as const;

export type TransferKind = keyof typeof BOOKS;

export interface Transfer {
  readonly kind: TransferKind;
  /** Once for ever with its kind. */
  readonly key: string;
  readonly account: AccountRow;
  readonly amount: bigint;
  readonly tranche?: TrancheRow | undefined;
  readonly lease?: LeaseRow | undefined;
  readonly fee?: bigint;
  readonly publisherId?: string | null;
  /** When it happened, if not now: the slot it is reported in. */
  readonly atMs?: bigint;
}
