/** From a document to what the store writes: read, judged by the caller's roles, and by what is stored already. */
import { BookingError, creativeDocument } from '../../../engine/campaign/booking-documents.ts';
import type { Creative } from '../../../engine/campaign/campaign.ts';
import type { Booking, BookingKind, BookingValues, BookingWrite } from '../../../engine/ports/campaign-store.ts';
import { type Caller, mayDo } from './access.ts';
import { Refusal } from './refusal.ts';
import { RESOURCE_OF_KIND, RESOURCES, type Resource, type ResourceName } from './resources.ts';

type AnyValue = BookingValues[BookingKind];

export function documentOf({ kind, value }: Pick<Booking, 'kind' | 'value'>): object {
  return anyResource(RESOURCE_OF_KIND[kind]).document(value);
}

/** Throws a `Refusal` that names the place. */
export function readDocument(name: ResourceName, id: string, document: unknown): AnyValue {
  try {
    return anyResource(name).read(id, document);
  } catch (error) {
    if (error instanceof BookingError) throw new Refusal(400, error.path, error.message);
    throw error;
  }
}

/** Creates it where `current` is null, else replaces that version. Throws a `Refusal`. */
export function prepareWrite(
  name: ResourceName,
  {
    id,
    document,
    current,
    caller,
  }: {
    readonly id: string;
    readonly document: unknown;
    readonly current: Booking | null;
    readonly caller: Caller;
  },
): BookingWrite {
  const { kind } = RESOURCES[name];
  const read = readDocument(name, id, document);
  checkMoney(name, read, { current, caller });
  const value = withApproval(read, current);
  return { kind, value, expectedVersion: current?.version ?? null } as BookingWrite;
}

function checkMoney(
  name: ResourceName,
  value: AnyValue,
  { current, caller }: { readonly current: Booking | null; readonly caller: Caller },
): void {
  const { moneyFields, moneyFieldsOnceSet, document } = anyResource(name);
  if (mayDo(caller, 'money')) return;
  const wanted = document(value) as Record<string, unknown>;
  const before = (current === null ? {} : documentOf(current)) as Record<string, unknown>;
  for (const field of current === null ? moneyFields : [...moneyFields, ...moneyFieldsOnceSet]) {
    const isNothing = current === null && (wanted[field] === null || Number(wanted[field]) === 0);
    if (wanted[field] !== before[field] && !isNothing) throw new Refusal(403, field, 'needs the role money');
  }
}

/** What was approved is what somebody looked at, and what publishers' rules were held against: all but its name. */
function withApproval(value: AnyValue, current: Booking | null): AnyValue {
  if (!isCreative(value) || current?.kind !== 'creative' || value.approval !== 'approved') return value;
  const isSame = reviewed(current.value) === reviewed(value) || current.value.approval !== 'approved';
  return isSame ? value : { ...value, approval: 'pending' };
}

function reviewed(creative: Creative): string {
  return JSON.stringify({ ...creativeDocument(creative), name: '', approval: '' });
}

function isCreative(value: AnyValue): value is Creative {
  return 'approval' in value;
}

/** What comes out of one kind of document goes into the same. */
function anyResource(name: ResourceName): Resource<AnyValue> {
  return RESOURCES[name] as unknown as Resource<AnyValue>;
}
