/**
 * Where requests to delete a user are kept (`adapters/ledger/deletion-books.ts`): who has asked, which keepers have done their
 * share, and the certificate. All processes of a deployment see the same. Methods reject with a `BudgetLedgerError` when the
 * database cannot be reached or is late.
 */

/** `device`: advertising ids; `user`: a publisher's own ids of a user. */
export type DeletionKind = 'device' | 'user';

export interface NewDeletion {
  readonly id: string;
  /** Null: the caller names none, and the request of the same subject that is open is this one. */
  readonly idempotencyKey: string | null;
  readonly kind: DeletionKind;
  /** SHA-256 of the keys that events know the user by, ascending. */
  readonly subjects: readonly string[];
  /** The ids, so that nobody without the secret of the engines can read them. */
  readonly sealed: Uint8Array;
  readonly requestedBy: string;
}

export interface Deletion {
  readonly id: string;
  readonly kind: DeletionKind;
  readonly state: 'open' | 'certified';
  readonly subjects: readonly string[];
  readonly requestedBy: string;
  readonly requestedAtMs: number;
  readonly certifiedAtMs: number | null;
  readonly certificate: object | null;
}

export interface OpenDeletion extends Deletion {
  readonly sealed: Uint8Array;
}

/** A store of a keeper, searched. */
export interface DeletionPart {
  /** `SHARED`: of what all processes share. */
  readonly keeperId: string;
  readonly store: string;
  /** Records that held something, so far. */
  readonly removed: number;
  /** Places that still did at the last search; null: it could not be searched. */
  readonly remaining: number | null;
  readonly searchedAtMs: number;
  /** Why it could not be searched; null: it was. */
  readonly waitsFor: string | null;
}

export const SHARED = 'shared';

/** A keeper says so often, ms, that it is there: one that has not for several times that is away. */
export const PRESENCE_INTERVAL_MS = 15_000;
export const PRESENT_MS = 4 * PRESENCE_INTERVAL_MS;

/** Requests that may be open at a time: what is asked for beyond is refused. */
export const OPEN_MAX = 10_000;

/** Who keeps data of users outside the database. */
export interface DataKeeper {
  readonly id: string;
  /** For people: host and data folder. */
  readonly name: string;
  readonly stores: readonly string[];
  readonly seenAtMs: number;
  /** Somebody has said that it never comes back, and what it had is destroyed; null: nobody has. */
  readonly retired: { readonly atMs: number; readonly by: string } | null;
}

/** A user of whom no event is to be made. */
export interface UnlinkedUser {
  readonly subjects: readonly string[];
  /** Null: for as long as the request is open, and longer. */
  readonly untilMs: number | null;
  /** Of the last change, among all changes. */
  readonly sequence: number;
}

export interface RequestedDeletion {
  readonly deletion: Deletion;
  readonly isNew: boolean;
}

export interface DeletionBooks {
  /** `conflict`: the idempotency key stands for another subject; `full`: `OPEN_MAX` are open. */
  readonly request: (deletion: NewDeletion) => Promise<RequestedDeletion | 'conflict' | 'full'>;
  readonly read: (id: string) => Promise<Deletion | null>;
  /** The latest first, behind the one with this id. */
  readonly list: (query: { readonly beforeId?: string; readonly limit: number }) => Promise<readonly Deletion[]>;
  readonly parts: (id: string) => Promise<readonly DeletionPart[]>;
  readonly keepers: () => Promise<readonly DataKeeper[]>;
  /** What changed after `sequence`, by sequence; from 0 on that is everything. */
  readonly unlinkedSince: (sequence: number, limit: number) => Promise<readonly UnlinkedUser[]>;
  /** Ids of those that are open, the oldest first: `OPEN_MAX` at most. */
  readonly openIds: () => Promise<readonly string[]>;
  /** Of these, those that are still open. */
  readonly open: (ids: readonly string[]) => Promise<readonly OpenDeletion[]>;
  /** Of those that are open, how many, and since when the oldest is; null: none is. */
  readonly openCount: () => Promise<{ readonly count: number; readonly oldestAtMs: number | null }>;
  /** It is there, and so are its stores. False: it is retired, and stays so. */
  readonly keeperIsHere: (keeper: Pick<DataKeeper, 'id' | 'name' | 'stores'>) => Promise<boolean>;
  /** `present`: it was there in the last `PRESENT_MS`; `unknown`: there is none that is not retired. */
  readonly retireKeeper: (id: string, by: string) => Promise<'retired' | 'present' | 'unknown'>;
  /** Whether what all share is now this keeper's to look after: nobody else has claimed it in the last `forMs`. */
  readonly claim: (id: string, keeperId: string, forMs: number) => Promise<boolean>;
  /** `removed` adds to what was removed before. */
  readonly report: (deletionId: string, parts: readonly Omit<DeletionPart, 'searchedAtMs'>[]) => Promise<void>;
  /** Once, and not again: false when it was before. What was sealed is gone with it. */
  readonly certify: (id: string, certificate: object, unlinkedUntilMs: number) => Promise<boolean>;
  /** The time that all of this is told by, epoch ms. */
  readonly nowMs: () => Promise<number>;
}
