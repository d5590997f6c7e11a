/** What an account delivered, by time (`adapters/ledger/delivery-reports.ts`). Amounts are of the account's unit. */
export interface DeliverySlot {
  /** Epoch ms, a multiple of 15 minutes. */
  readonly startMs: number;
  readonly reserved: bigint;
  readonly billed: bigint;
  /** Reservations that ended without a bill. */
  readonly released: bigint;
  /** Of bills of any slot, when it was refunded. */
  readonly refunded: bigint;
  /** Delivered at our own cost. */
  readonly absorbed: bigint;
  /** How many bills `billed` is. */
  readonly bills: number;
}

export interface DeliveryReports {
  /** By account, slots that begin in [fromMs, toMs) and saw anything, by time. Accounts without any are left out. */
  readonly slots: (
    accountIds: readonly string[],
    period: { readonly fromMs: number; readonly toMs: number },
  ) => Promise<ReadonlyMap<string, readonly DeliverySlot[]>>;
  /** What was spent of each account's budget of the local day that `atMs` is in. Accounts without any are left out. */
  readonly spentOnDay: (accountIds: readonly string[], atMs: number) => Promise<ReadonlyMap<string, bigint>>;
}
