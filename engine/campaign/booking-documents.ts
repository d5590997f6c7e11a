/**
 * What is booked, between its JSON (`booking-schemas.ts`) and the engine's terms (`campaign.ts`). Reading refuses a document
 * whole, naming the first place that is wrong; what a document leaves out gets the schema's default.
 */
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import { advertiserSchema, campaignSchema, creativeSchema, lineItemSchema } from './booking-schemas.ts';
import {
  type Advertiser,
  type Campaign,
  type Choice,
  type Creative,
  EVERYWHERE,
  type FrequencyCap,
  type LineItem,
  type Targeting,
} from './campaign.ts';
import { formatDecimal, MICRO_DIGITS, NANO_DIGITS, parseDecimal } from './decimal.ts';
import { isStorable } from './storable.ts';

/** `path` as in the document (`targeting.countries.include[0]`), empty for the document itself. */
export class BookingError extends Error {
  override readonly name = 'BookingError';
  readonly path: string;

  constructor(path: string, message: string) {
    super(message);
    this.path = path;
  }
}

const ajv = new Ajv({ useDefaults: true, verbose: true, strict: true, allowUnionTypes: true });
formats.default(ajv, ['date-time']);

const checks = {
  advertiser: ajv.compile(advertiserSchema),
  campaign: ajv.compile(campaignSchema),
  lineItem: ajv.compile(lineItemSchema),
  creative: ajv.compile(creativeSchema),
};

/** A click's or conversion's micros become thousand times as many nanos, which must be a safe integer. */
const BID_PER_ACTION_MICROS_MAX = 9_000_000_000_000;

export function readAdvertiser(id: string, document: unknown): Advertiser {
  const { name, currency, timeZone, domains, paused } = checked<AdvertiserDocument>(checks.advertiser, id, document);
  if (!isTimeZone(timeZone)) {
    throw new BookingError('timeZone', `must be an IANA time zone such as Europe/Berlin, is ${quoted(timeZone)}`);
  }
  return { id, name, currency, timeZone, domains, isPaused: paused };
}

export function readCampaign(id: string, document: unknown): Campaign {
  const read = checked<CampaignDocument>(checks.campaign, id, document);
  const startAt = readMoment('start', read.start);
  const endAt = read.end === null ? null : readMoment('end', read.end);
  if (endAt !== null && endAt <= startAt) throw new BookingError('end', `must be after start (${read.start})`);
  return {
    id,
    advertiserId: read.advertiser,
    name: read.name,
    status: read.status,
    startAt,
    endAt,
    budgetNanos: parseDecimal(read.budget, NANO_DIGITS)!,
    dailyBudgetNanos: read.dailyBudget === null ? null : parseDecimal(read.dailyBudget, NANO_DIGITS)!,
    delivery: read.delivery,
    frequencyCaps: read.frequencyCaps,
  };
}

/** Leap seconds have the format and no place in our time. */
function readMoment(path: string, text: string): number {
  const atMs = Date.parse(text);
  if (Number.isNaN(atMs)) throw new BookingError(path, `is no moment of ours: ${quoted(text)}`);
  return atMs;
}

export function readLineItem(id: string, document: unknown): LineItem {
  const read = checked<LineItemDocument>(checks.lineItem, id, document);
  const bidMicros = Number(parseDecimal(read.bid, MICRO_DIGITS));
  if (read.pricing !== 'cpm' && bidMicros > BID_PER_ACTION_MICROS_MAX) {
    throw new BookingError(
      'bid',
      `must be at most 9000000 where a ${read.pricing === 'cpc' ? 'click' : 'conversion'} pays`,
    );
  }
  if (read.goalImpressions !== null && read.pricing !== 'cpm') {
    throw new BookingError('pricing', 'must be cpm where goalImpressions are sold');
  }
  return {
    id,
    campaignId: read.campaign,
    name: read.name,
    isPaused: read.paused,
    pricing: read.pricing,
    bidMicros,
    goalImpressions: read.goalImpressions,
    targeting: readTargeting(read.targeting),
    creativeIds: read.creatives,
  };
}

export function readCreative(id: string, document: unknown): Creative {
  const { advertiser, width, height, ...read } = checked<CreativeDocument>(checks.creative, id, document);
  if ((width === null) !== (height === null)) {
    throw new BookingError(width === null ? 'width' : 'height', 'width and height go together');
  }
  if (read.media === 'banner' && width === null) throw new BookingError('width', 'a banner needs width and height');
  if (read.media === 'native' && !isJsonObject(read.markup)) {
    throw new BookingError('markup', 'a native creative is the JSON object of a native answer');
  }
  return {
    ...read,
    id,
    advertiserId: advertiser,
    size: width === null ? null : { w: width, h: height! },
  };
}

export function advertiserDocument({ isPaused, ...advertiser }: Advertiser): AdvertiserDocument {
  return { ...advertiser, paused: isPaused };
}

export function campaignDocument(campaign: Campaign): CampaignDocument {
  const { id, advertiserId, name, status, startAt, endAt, budgetNanos, dailyBudgetNanos } = campaign;
  return {
    id,
    advertiser: advertiserId,
    name,
    status,
    start: new Date(startAt).toISOString(),
    end: endAt === null ? null : new Date(endAt).toISOString(),
    budget: formatDecimal(budgetNanos, NANO_DIGITS),
    dailyBudget: dailyBudgetNanos === null ? null : formatDecimal(dailyBudgetNanos, NANO_DIGITS),
    delivery: campaign.delivery,
    frequencyCaps: campaign.frequencyCaps,
  };
}

export function lineItemDocument(item: LineItem): LineItemDocument {
  return {
    id: item.id,
    campaign: item.campaignId,
    name: item.name,
    paused: item.isPaused,
    pricing: item.pricing,
    bid: formatDecimal(BigInt(item.bidMicros), MICRO_DIGITS),
    goalImpressions: item.goalImpressions,
    targeting: targetingDocument(item.targeting),
    creatives: item.creativeIds,
  };
}

export function creativeDocument(creative: Creative): CreativeDocument {
  const { advertiserId, size, ...rest } = creative;
  return { ...rest, advertiser: advertiserId, width: size?.w ?? null, height: size?.h ?? null };
}

export interface AdvertiserDocument extends Omit<Advertiser, 'isPaused'> {
  readonly paused: boolean;
}

export interface CampaignDocument {
  readonly id: string;
  readonly advertiser: string;
  readonly name: string;
  readonly status: Campaign['status'];
  readonly start: string;
  readonly end: string | null;
  readonly budget: string;
  readonly dailyBudget: string | null;
  readonly delivery: Campaign['delivery'];
  readonly frequencyCaps: readonly FrequencyCap[];
}

export interface LineItemDocument {
  readonly id: string;
  readonly campaign: string;
  readonly name: string;
  readonly paused: boolean;
  readonly pricing: LineItem['pricing'];
  readonly bid: string;
  readonly goalImpressions: number | null;
  readonly targeting: TargetingDocument;
  readonly creatives: readonly string[];
}

export interface CreativeDocument extends Omit<Creative, 'advertiserId' | 'size'> {
  readonly advertiser: string;
  readonly width: number | null;
  readonly height: number | null;
}

/** Only what is restricted is named. */
export type TargetingDocument = Partial<Targeting>;

function readTargeting(document: TargetingDocument): Targeting {
  return { ...EVERYWHERE, ...document };
}

function targetingDocument({ keyValues, ...choices }: Targeting): TargetingDocument {
  const restricted = Object.entries(choices).filter(([, choice]) => isRestricted(choice));
  return {
    ...Object.fromEntries(restricted),
    ...(Object.keys(keyValues).length > 0 ? { keyValues } : {}),
  };
}

function isRestricted({ include, exclude }: Choice<unknown>): boolean {
  return include.length > 0 || exclude.length > 0;
}

/** `targeting.keyValues.KEY.include` has four. */
const DEPTH_MAX = 8;

/** A copy with defaults. */
function checked<Document>(check: ValidateFunction, id: string, document: unknown): Document {
  if (isDeeperThan(DEPTH_MAX, document)) throw new BookingError('', `is nested more than ${DEPTH_MAX} deep`);
  const copy: unknown = structuredClone(document);
  if (!check(copy)) {
    const error = check.errors![0]!;
    throw new BookingError(placeOf(error), explain(error));
  }
  const place = unstorablePlace(copy, '');
  if (place !== null) throw new BookingError(place, 'has a character that no database keeps: NUL, or half of a pair');
  const named = copy as { id?: string };
  if (named.id !== undefined && named.id !== id) {
    throw new BookingError('id', `must be ${quoted(id)} or left out, is ${quoted(named.id)}`);
  }
  return copy as Document;
}

function isDeeperThan(depthMax: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depthMax === 0 || Object.values(value).some((part) => isDeeperThan(depthMax - 1, part));
}

function unstorablePlace(value: unknown, path: string): string | null {
  if (typeof value === 'string') return isStorable(value) ? null : path;
  if (typeof value !== 'object' || value === null) return null;
  for (const [key, part] of Object.entries(value)) {
    const place = unstorablePlace(
      part,
      Array.isArray(value) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`,
    );
    if (place !== null) return place;
  }
  return null;
}

function placeOf({ instancePath, keyword, params, propertyName }: ErrorObject): string {
  const keys = instancePath.split('/').slice(1);
  if (keyword === 'additionalProperties') keys.push(params.additionalProperty as string);
  if (keyword === 'required') keys.push(params.missingProperty as string);
  if (propertyName !== undefined) keys.push(propertyName);
  return keys.map((key, index) => (/^\d+$/.test(key) ? `[${key}]` : index === 0 ? key : `.${key}`)).join('');
}

function explain({ keyword, params, message, data, parentSchema }: ErrorObject): string {
  if (keyword === 'additionalProperties') return 'is no field of it';
  if (keyword === 'required') return 'is missing';
  const hint = typeof parentSchema?.description === 'string' ? ` (${parentSchema.description})` : '';
  const wanted = keyword === 'enum' ? `must be one of ${(params.allowedValues as unknown[]).join(', ')}` : message;
  return `${wanted}, is ${quoted(data)}${hint}`;
}

function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    // Offsets such as +01:00 know no daylight saving.
    return /^[A-Za-z]/.test(name);
  } catch {
    return false;
  }
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
