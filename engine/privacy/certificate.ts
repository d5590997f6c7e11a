/** What is still to be done for a deletion, and the certificate when nothing is. Pure. */
import type { DataKeeper, Deletion, DeletionPart } from '../ports/deletion-books.ts';
import { SHARED } from '../ports/deletion-books.ts';

/** Why a deletion is still open. */
export interface Outstanding {
  readonly keeperId: string;
  /** For people. */
  readonly keeper: string;
  readonly store: string;
  /** When the keeper was there last; null: not a keeper of its own. */
  readonly seenAtMs: number | null;
  readonly why: string;
}

/** Stores of keepers that have not been found clean. */
export function outstandingOf(keepers: readonly DataKeeper[], parts: readonly DeletionPart[]): Outstanding[] {
  return keepers
    .filter(({ retired }) => retired === null)
    .flatMap(({ id, name, stores, seenAtMs }) =>
      stores.flatMap((store) => {
        const why = whyOpen(parts, id, store);
        return why === null ? [] : [{ keeperId: id, keeper: name, store, seenAtMs, why }];
      }),
    );
}

/** Of what all share, in the order in which it is searched. */
export function outstandingShared(stores: readonly string[], parts: readonly DeletionPart[]): Outstanding[] {
  return stores.flatMap((store) => {
    const why = whyOpen(parts, SHARED, store);
    return why === null ? [] : [{ keeperId: SHARED, keeper: SHARED, store, seenAtMs: null, why }];
  });
}

function whyOpen(parts: readonly DeletionPart[], keeperId: string, store: string): string | null {
  const part = parts.find((one) => one.keeperId === keeperId && one.store === store);
  if (part === undefined) return 'has not been searched';
  if (part.waitsFor !== null) return part.waitsFor;
  return part.remaining === 0 ? null : `still holds ${part.remaining}`;
}

export const CERTIFICATE_VERSION = 1;

export interface CertificateContent {
  readonly deletion: Deletion;
  readonly keepers: readonly DataKeeper[];
  readonly parts: readonly DeletionPart[];
  readonly certifiedAtMs: number;
  /** Who we are towards others, and the build. */
  readonly issuer: { readonly exchange: string; readonly version: string };
}

/** Says of whom by hashes alone. Times are RFC 3339. */
export function certificateOf({ deletion, keepers, parts, certifiedAtMs, issuer }: CertificateContent): object {
  const names = new Map(keepers.map(({ id, name }) => [id, name]));
  return {
    type: 'gavel-user-deletion',
    version: CERTIFICATE_VERSION,
    id: deletion.id,
    issuer,
    kind: deletion.kind,
    subjects: deletion.subjects,
    requestedAt: rfc3339(deletion.requestedAtMs),
    certifiedAt: rfc3339(certifiedAtMs),
    stores: parts.map(({ keeperId, store, removed, remaining, searchedAtMs }) => ({
      keeper: keeperId,
      name: names.get(keeperId) ?? SHARED,
      store,
      removed,
      left: remaining,
      searchedAt: rfc3339(searchedAtMs),
    })),
    // Somebody answers for these: nobody could search them.
    retired: keepers.flatMap(({ id, name, retired }) =>
      retired === null ? [] : [{ keeper: id, name, at: rfc3339(retired.atMs), by: retired.by }],
    ),
  };
}

export function rfc3339(atMs: number): string {
  return new Date(atMs).toISOString();
}
