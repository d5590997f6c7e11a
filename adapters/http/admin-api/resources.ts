/** What the admin API keeps: four kinds of documents, each with its schema and its reading. */
import {
  advertiserDocument,
  campaignDocument,
  creativeDocument,
  lineItemDocument,
  readAdvertiser,
  readCampaign,
  readCreative,
  readLineItem,
} from '../../../engine/campaign/booking-documents.ts';
import {
  advertiserSchema,
  campaignSchema,
  creativeSchema,
  type JsonSchema,
  lineItemSchema,
} from '../../../engine/campaign/booking-schemas.ts';
import type { BookingKind, BookingValues } from '../../../engine/ports/campaign-store.ts';

/** Order of import: what is referred to comes first. */
export const RESOURCE_NAMES = ['advertisers', 'creatives', 'campaigns', 'line-items'] as const;
export type ResourceName = (typeof RESOURCE_NAMES)[number];

const KINDS = {
  advertisers: 'advertiser',
  creatives: 'creative',
  campaigns: 'campaign',
  'line-items': 'line-item',
} as const satisfies Readonly<Record<ResourceName, BookingKind>>;

export const RESOURCE_OF_KIND = Object.fromEntries(
  Object.entries(KINDS).map(([name, kind]) => [kind, name]),
) as Readonly<Record<BookingKind, ResourceName>>;

export interface Resource<Value> {
  readonly kind: BookingKind;
  /** Of one, for people: `a line item`. */
  readonly noun: string;
  readonly schema: JsonSchema;
  /** Throws a `BookingError`. */
  readonly read: (id: string, document: unknown) => Value;
  readonly document: (value: Value) => object;
  /** Fields that only the role `money` may set to something or change. */
  readonly moneyFields: readonly string[];
  /** Fields that anybody may set who may create it, and only the role `money` may change. */
  readonly moneyFieldsOnceSet: readonly string[];
  /** Field of the document that lists can be narrowed by. */
  readonly parentField: string | null;
}

export const RESOURCES: { readonly [Name in ResourceName]: Resource<BookingValues[(typeof KINDS)[Name]]> } = {
  advertisers: {
    kind: KINDS.advertisers,
    noun: 'an advertiser',
    schema: advertiserSchema,
    read: readAdvertiser,
    document: advertiserDocument,
    moneyFields: [],
    moneyFieldsOnceSet: ['timeZone'],
    parentField: null,
  },
  creatives: {
    kind: KINDS.creatives,
    noun: 'a creative',
    schema: creativeSchema,
    read: readCreative,
    document: creativeDocument,
    moneyFields: [],
    moneyFieldsOnceSet: [],
    parentField: 'advertiser',
  },
  campaigns: {
    kind: KINDS.campaigns,
    noun: 'a campaign',
    schema: campaignSchema,
    read: readCampaign,
    document: campaignDocument,
    moneyFields: ['budget', 'dailyBudget'],
    moneyFieldsOnceSet: [],
    parentField: 'advertiser',
  },
  'line-items': {
    kind: KINDS['line-items'],
    noun: 'a line item',
    schema: lineItemSchema,
    read: readLineItem,
    document: lineItemDocument,
    moneyFields: ['goalImpressions'],
    moneyFieldsOnceSet: [],
    parentField: 'campaign',
  },
};
