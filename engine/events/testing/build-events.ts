/** One event of each type, as an engine writes them, for tests. */
import { buildAuctionEvent } from '../../exchange/testing/build-auction-event.ts';
import { eventId } from '../event-keys.ts';
import type { EventType } from '../event-schemas.ts';
import { OUTCOME_EVENT_VERSION, type OutcomeEvent, type Sale } from '../outcome-events.ts';
import type { GavelEvent } from '../read-event.ts';

export const HOUSE_SALE: Sale = {
  payer: { kind: 'house', accountId: 'spring', unit: 'nanos', epoch: 3, sequence: 4 },
  pricing: 'cpm',
  billedBy: 'impression',
  amount: 1_500_000,
  currency: 'USD',
  publisherId: 'pub-1',
  placementId: 'top',
  media: 'banner',
  advertiserId: 'acme',
  campaignId: 'spring',
  lineItemId: 'line-1',
  creativeId: 'creative-1',
  soldAtMs: 1_700_000_000_000,
};

export const DSP_SALE: Sale = {
  ...HOUSE_SALE,
  payer: { kind: 'dsp', dspId: 'dsp-1', seat: 'seat-1' },
  advertiserId: 'shoes.example',
  campaignId: 'c-9',
  lineItemId: '',
  creativeId: 'crid-7',
};

type OutcomeOf<Type extends OutcomeEvent['type']> = Extract<OutcomeEvent, { readonly type: Type }>;

/** `auctionId` and `impId` also change the id. */
export function buildOutcome<Type extends OutcomeEvent['type']>(
  type: Type,
  parts: Partial<OutcomeOf<Type>> = {},
): OutcomeOf<Type> {
  const { auctionId = 'auction-1', impId = '1' } = parts;
  const envelope = {
    type,
    version: OUTCOME_EVENT_VERSION,
    id: eventId(auctionId, impId, type, DETAILS[type]),
    auctionId,
    impId,
    userKey: 'k3J5bU9vT1m0hQe2fGZs7w',
    atMs: 1_700_000_001_000,
    isTest: false,
  };
  return { ...envelope, ...OWN_FIELDS[type], ...parts } as unknown as OutcomeOf<Type>;
}

const DETAILS: Partial<Record<OutcomeEvent['type'], string>> = { playback: 'midpoint', loss: '3', notice: 'bill' };

const TRACKED = { sale: HOUSE_SALE, billingNotice: null };

const OWN_FIELDS: Readonly<Record<OutcomeEvent['type'], object>> = {
  win: {
    sale: HOUSE_SALE,
    clearingCpmMicros: 1_500_000,
    auctionCurrency: 'USD',
    heldUntilMs: 1_700_003_600_000,
    billingNotice: null,
  },
  loss: {
    dspId: 'dsp-1',
    seat: 'seat-1',
    publisherId: 'pub-1',
    placementId: 'top',
    status: 'lost',
    lossReason: 102,
    reason: 'outbid',
    ecpmMicros: 900_000,
    sampleRate: 0.1,
  },
  impression: { sale: DSP_SALE, billingNotice: 'https://dsp.example/bill?price=1.5' },
  viewable: TRACKED,
  click: TRACKED,
  conversion: TRACKED,
  playback: { ...TRACKED, point: 'midpoint', errorCode: null },
  win_expired: { sale: HOUSE_SALE },
  refund: { sale: HOUSE_SALE, reason: 'fraud' },
  notice: { dspId: 'dsp-1', notice: 'bill', result: 'delivered' },
};

export const SAMPLES: Readonly<Record<EventType, GavelEvent>> = {
  auction: buildAuctionEvent(),
  ...(Object.fromEntries(
    (Object.keys(OWN_FIELDS) as OutcomeEvent['type'][]).map((type) => [type, buildOutcome(type)]),
  ) as Record<OutcomeEvent['type'], OutcomeEvent>),
  user_deletion: {
    type: 'user_deletion',
    version: OUTCOME_EVENT_VERSION,
    id: 'deletion/3f0c9a52-5a1e-4b7e-9b1f-0a6b9d6b1c11',
    deletionId: '3f0c9a52-5a1e-4b7e-9b1f-0a6b9d6b1c11',
    userKeyHashes: ['Yb0wpvZqQ9n0H2cGv1m8x4Xk7dL5sT3uR6eA9iF2oJg'],
    atMs: 1_790_000_000_000,
  },
};
