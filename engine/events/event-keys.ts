/** By which events are told apart, and by which they are kept in order. */

/**
 * Idempotency key: auction id, imp id, type. `detail` tells apart what may come several times of one imp: the point of a
 * playback, the index of the bid that lost, the kind of a notice. For types that bill it is `purchaseKey`
 * (engine/exchange/purchases.ts), the key of the bill in the ledger. `impId` is the name of an ad (`adImpId`), no other's in its auction;
 * neither auction ids, types nor details hold a slash. So no two things share a key.
 */
export function eventId(auctionId: string, impId: string, type: string, detail = ''): string {
  return `${auctionId}/${impId}/${type}${detail === '' ? '' : `:${detail}`}`;
}

interface Keyed {
  readonly userKey?: string | null;
  readonly auctionId: string;
}

/** Message key: events of one user stay in order; of an unknown user, those of one auction. */
export function partitionKey({ userKey, auctionId }: Keyed): string {
  return userKey ?? auctionId;
}
