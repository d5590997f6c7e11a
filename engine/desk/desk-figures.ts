/** What a process knows of its campaigns and their money, for status and metrics. */
export interface DeskFigures {
  /** Line items that may serve. */
  readonly lineItems: number;
  readonly accounts: number;
  readonly leases: number;
  /** Nanos, of accounts of money. */
  readonly freeNanos: number;
  /** Nanos of wins that the ledger has still to hear of, of accounts of money. */
  readonly reservedNanos: number;
  /** Won, and not yet known to the ledger. */
  readonly untold: number;
  /** Leases on their way back. */
  readonly returning: number;
}
