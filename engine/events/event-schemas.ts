/**
 * JSON Schemas of all events as they are stored: the one source of what a reader accepts (`read-event.ts`) and of
 * docs/event-types.md. They are open: a reader passes over fields that it does not know. `released/` holds every version
 * that was ever written; a test holds today's to them.
 *
 * Adjacent versions read each other. So a field is added as optional, and may be required one version later; and a
 * required field becomes optional before it goes. Lists of values are closed.
 */
import type { MediaType, PricingModel } from '../auction/types.ts';
import { OUTCOME_TYPES } from '../estimation/quality/awaited-outcomes.ts';
import { AUCTION_EVENT_VERSION } from '../exchange/auction-event.ts';
import { OUTCOME_EVENT_VERSION, type OutcomeEventType, PLAYBACK_POINTS } from './outcome-events.ts';

export type JsonSchema = { readonly [keyword: string]: unknown };

export interface EventSchema extends JsonSchema {
  readonly description: string;
  readonly required: readonly string[];
  readonly properties: Readonly<Record<string, JsonSchema>>;
}

export type EventType = 'auction' | OutcomeEventType | 'user_deletion';

const MEDIA_TYPES = ['banner', 'video', 'audio', 'native'] as const satisfies readonly MediaType[];
const PRICING_MODELS = ['cpm', 'cpc', 'cpa'] as const satisfies readonly PricingModel[];
const ID_LENGTH_MAX = 512;

function object(
  description: string,
  properties: Record<string, JsonSchema>,
  optional: readonly string[] = [],
): EventSchema {
  const required = Object.keys(properties).filter((key) => !optional.includes(key));
  return { type: 'object', description, required, properties };
}

function text(description: string): JsonSchema {
  return { type: 'string', description };
}

function id(description: string): JsonSchema {
  return { type: 'string', minLength: 1, description };
}

function integer(description: string, minimum = 0): JsonSchema {
  return { type: 'integer', minimum, maximum: Number.MAX_SAFE_INTEGER, description };
}

function choice(values: readonly string[], description: string): JsonSchema {
  return { enum: values, description };
}

function nullable(schema: JsonSchema): JsonSchema {
  return { ...schema, type: [schema.type, 'null'] };
}

const EPOCH_MS = 'epoch ms, wall clock';

const PAYER = {
  description: '`house`: an account of ours and the lease that the win was taken from; `dsp`: a DSP and its seat.',
  oneOf: [
    object('House', {
      kind: { const: 'house' },
      accountId: id('Account in the ledger.'),
      unit: choice(['nanos', 'impressions'], 'In which that account, and so `amount`, is kept.'),
      epoch: integer('Of the lease.'),
      sequence: integer('Of the lease.'),
    }),
    object('DSP', { kind: { const: 'dsp' }, dspId: id('As configured.'), seat: text('Empty: it named none.') }),
  ],
};

const SALE = object('The terms of the ad, as they stood when it was answered.', {
  payer: PAYER,
  pricing: choice(PRICING_MODELS, 'What the bid pays for.'),
  billedBy: choice(OUTCOME_TYPES, 'The event that it is paid by; all others of the same ad cost nothing.'),
  amount: integer('Due once: nanos of `currency`, or impressions where the account is kept in them.'),
  currency: { type: 'string', pattern: '^[A-Z]{3}$', description: 'ISO 4217.' },
  publisherId: text('Who is paid.'),
  placementId: text('`imp.tagid`.'),
  media: choice(MEDIA_TYPES, 'Of the ad.'),
  advertiserId: text('Of our own its id; of a DSP the first `adomain`.'),
  campaignId: text('Of our own its id; of a DSP `cid`.'),
  lineItemId: text('Of our own.'),
  creativeId: text('`crid`, else `adid`.'),
  soldAtMs: integer(`Of the auction's request, ${EPOCH_MS}.`),
});

const BILLING_NOTICE = nullable(text("The DSP's `burl`, to be called once, when the ad is billed; null: none."));

function outcome(
  type: OutcomeEventType,
  description: string,
  properties: Record<string, JsonSchema>,
  optional: readonly string[] = [],
): EventSchema {
  const envelope = {
    type: { const: type },
    version: { type: 'integer', minimum: 1, maximum: OUTCOME_EVENT_VERSION + 1, description: 'Of the outcome events.' },
    id: id('Idempotency key: `AUCTION/IMP/TYPE`, with `:DETAIL` where one imp may have several.'),
    auctionId: { ...id('`bidid` of the answer.'), maxLength: ID_LENGTH_MAX },
    impId: { ...id('`ID`, or `ID#N` for the ad in a further position, N from 1.'), maxLength: ID_LENGTH_MAX + 8 },
    userKey: nullable(text("Hash of the user's or device's id; null: none is known.")),
    atMs: integer(`When it happened, ${EPOCH_MS}.`),
    isTest: { type: 'boolean', description: 'Of a request with `test: 1`: counted, never billed.' },
  };
  return object(description, { ...envelope, ...properties }, optional);
}

function tracked(
  type: OutcomeEventType,
  description: string,
  properties: Record<string, JsonSchema> = {},
): EventSchema {
  return outcome(type, description, { sale: SALE, billingNotice: BILLING_NOTICE, ...properties });
}

/** By type, as written today. */
export const EVENT_SCHEMAS: Readonly<Record<EventType, EventSchema>> = {
  auction: object(
    'One per request that reached an auction, whatever became of it. `input`, `outcome` and `dsps` hold lists by column ([event log](events.md)).',
    {
      type: { const: 'auction' },
      version: { type: 'integer', minimum: 1, maximum: AUCTION_EVENT_VERSION + 1, description: 'Of this type.' },
      auctionId: id('Ours; `bidid` of the answer.'),
      requestId: text("The publisher's."),
      atMs: { type: 'number', minimum: 0, description: `Arrival, ${EPOCH_MS}.` },
      isTest: { type: 'boolean', description: '`test: 1`.' },
      ending: choice(['won', 'no-bid', 'cancelled', 'failed'], 'How the request ended.'),
      closing: { enum: ['all-replied', 'not-worth-waiting', 'deadline', null], description: 'Why it stopped waiting.' },
      features: { type: 'object', description: 'Of the request, nothing of who the user is.' },
      estimateContext: { type: 'object', description: 'What clicks were estimated by, besides.' },
      arms: { type: 'object', description: 'Experiment arms by layer.' },
      input: { type: ['object', 'null'], description: 'All that the decision used.' },
      outcome: { type: ['object', 'null'], description: 'The decision.' },
      dsps: { type: 'object', description: 'What each DSP did.' },
      billingNotices: { type: 'array', description: '`burl`s of winners: `bidIndex`, `dspId`, `url`.' },
      reservations: { type: 'array', description: 'What wins of our own have taken from which leases.' },
      userKey: nullable(text("Hash of the user's or device's id.")),
      timings: { type: 'object', description: 'ms since arrival.' },
    },
    ['estimateContext', 'reservations', 'userKey'],
  ),
  win: outcome(
    'win',
    'An ad was sold, and put into an answer.',
    {
      sale: SALE,
      clearingCpmMicros: integer('What the publisher was told, micros per mille of `auctionCurrency`.'),
      auctionCurrency: { type: 'string', pattern: '^[A-Z]{3}$', description: 'ISO 4217.' },
      heldUntilMs: nullable(
        integer(`Money of our own campaigns waits so long for its bill, ${EPOCH_MS}; null for DSPs.`),
      ),
      billingNotice: BILLING_NOTICE,
      isShared: {
        type: 'boolean',
        description: 'Nothing is held for it alone: its lease keeps something for all of its kind.',
      },
    },
    ['isShared'],
  ),
  loss: outcome('loss', 'A bid that did not win. Sampled.', {
    dspId: id('As configured, or `house`.'),
    seat: text('Empty: it named none.'),
    publisherId: text('Of the request.'),
    placementId: text('`imp.tagid`.'),
    status: choice(['lost', 'refused'], '`lost`: valid, and beaten; `refused`: could not have won.'),
    lossReason: integer('OpenRTB loss reason code.'),
    reason: id('Finer than the code.'),
    ecpmMicros: integer('What it was worth, micros of the auction currency per mille; 0: not computed.'),
    sampleRate: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 1,
      description: 'Each stands for `1 / sampleRate` of them.',
    },
  }),
  impression: tracked('impression', 'The ad was shown. Bills what is sold by impression.'),
  viewable: tracked('viewable', 'The ad was in view, by the rules of its media. Bills nothing.'),
  click: tracked('click', 'The ad was clicked. Bills what is sold by click.'),
  conversion: tracked('conversion', 'A click led to what the advertiser wants. Bills what is sold by conversion.'),
  playback: tracked('playback', 'A video or audio ad was played so far. Bills nothing.', {
    point: choice(PLAYBACK_POINTS, 'How far; `error`: the player gave up.'),
    errorCode: nullable(integer("The player's error code (VAST 2.3.6.3); null: none.")),
  }),
  win_expired: outcome('win_expired', 'What was held for a bill that did not come was given back.', { sale: SALE }),
  refund: outcome('refund', 'A bill is undone.', { sale: SALE, reason: id('Why, for people.') }),
  notice: outcome('notice', 'What became of a win or billing notice to a DSP, after its last try.', {
    dspId: id('As configured.'),
    notice: choice(['win', 'bill'], 'Which.'),
    result: id('As in `rtb_notices_total`.'),
  }),
  user_deletion: object('A user is deleted: what is kept under one of their keys is to go ([privacy](privacy.md)).', {
    type: { const: 'user_deletion' },
    version: { type: 'integer', minimum: 1, maximum: OUTCOME_EVENT_VERSION + 1, description: 'Of the outcome events.' },
    id: id('Idempotency key: `deletion/DELETION`. Each log tells it once or more.'),
    deletionId: id('Of the request.'),
    userKeyHashes: {
      type: 'array',
      minItems: 1,
      items: { type: 'string', pattern: '^[A-Za-z0-9_-]{43}$' },
      description: 'SHA-256 of each `userKey` that is meant, base64url.',
    },
    atMs: integer(`When it was told, ${EPOCH_MS}.`),
  }),
};
