/** What the admin listener says of deletions of users, and takes: for every process that has the books. */
import { randomUUID } from 'node:crypto';
import type { DeletionApiOptions, DeletionOrder } from '../adapters/http/admin-api/deletion-routes.ts';
import { Refusal } from '../adapters/http/admin-api/refusal.ts';
import type { Database } from '../adapters/ledger/database.ts';
import { openDeletionBooks } from '../adapters/ledger/deletion-books.ts';
import { sealSubject } from '../adapters/privacy/sealed-subject.ts';
import { checkCertificate } from '../adapters/privacy/signed-certificate.ts';
import { VERSION } from '../config/version.ts';
import { deviceUserId, publisherUserId } from '../engine/budget/frequency/user-id.ts';
import type { Deletion, DeletionBooks } from '../engine/ports/deletion-books.ts';
import { SHARED } from '../engine/ports/deletion-books.ts';
import { outstandingOf, outstandingShared, rfc3339 } from '../engine/privacy/certificate.ts';
import { subjectsOf } from './deletion-share.ts';

/** `userSecret` is the one of all engines. */
export function openDeletionDesk(database: Database, userSecret: string): DeletionApiOptions {
  const books = openDeletionBooks(database, { nowMs: null });
  return {
    request: async (order, { idempotencyKey, by }) => {
      const userIds = userIdsOf(order);
      const id = randomUUID();
      const asked = await books.request({
        id,
        idempotencyKey,
        kind: order.kind,
        subjects: subjectsOf(userIds, userSecret),
        sealed: sealSubject({ ids: order.ids, userIds }, id, userSecret),
        requestedBy: by,
      });
      return typeof asked === 'string' ? asked : { view: await viewOf(books, asked.deletion), isNew: asked.isNew };
    },
    view: async (id) => {
      const deletion = await books.read(id);
      return deletion === null ? null : viewOf(books, deletion);
    },
    list: async (query) => (await books.list(query)).map(headOf),
    verify: (certificate) => ({ result: checkCertificate(certificate, userSecret) }),
    keepers: async () =>
      (await books.keepers()).map(({ id, name, stores, seenAtMs, retired }) => ({
        id,
        name,
        stores,
        seenAt: rfc3339(seenAtMs),
        retired: retired === null ? null : { at: rfc3339(retired.atMs), by: retired.by },
      })),
    retireKeeper: books.retireKeeper,
    version: VERSION,
  };
}

function userIdsOf({ kind, publisher, ids }: DeletionOrder): string[] {
  return ids.map((id, index) => {
    const userId = kind === 'device' ? deviceUserId(id) : publisherUserId(publisher, id);
    if (userId === null)
      throw new Refusal(400, `ids[${index}]`, 'is what devices send that withhold their id: nobody is known by it');
    return userId;
  });
}

function headOf({ id, kind, state, subjects, requestedBy, requestedAtMs, certifiedAtMs }: Deletion): object {
  return {
    id,
    kind,
    state,
    subjects,
    requestedBy,
    requestedAt: rfc3339(requestedAtMs),
    certifiedAt: certifiedAtMs === null ? null : rfc3339(certifiedAtMs),
  };
}

async function viewOf(books: DeletionBooks, deletion: Deletion): Promise<object> {
  const [keepers, parts] = await Promise.all([books.keepers(), books.parts(deletion.id)]);
  const names = new Map(keepers.map(({ id, name }) => [id, name]));
  const shared = parts.filter(({ keeperId }) => keeperId === SHARED).map(({ store }) => store);
  const outstanding =
    deletion.state === 'open' ? [...outstandingOf(keepers, parts), ...outstandingShared(shared, parts)] : [];
  return {
    ...headOf(deletion),
    stores: parts.map(({ keeperId, store, removed, remaining, searchedAtMs, waitsFor }) => ({
      keeper: keeperId,
      name: names.get(keeperId) ?? SHARED,
      store,
      removed,
      left: remaining,
      searchedAt: rfc3339(searchedAtMs),
      waitsFor,
    })),
    waitsFor: outstanding.map(({ keeperId, keeper, store, seenAtMs, why }) => ({
      keeper: keeperId,
      name: keeper,
      store,
      why,
      keeperSeenAt: seenAtMs === null ? null : rfc3339(seenAtMs),
    })),
    certificate: deletion.certificate,
  };
}
