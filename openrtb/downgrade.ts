/** The way back to OpenRTB 2.5, for DSPs that do not speak 2.6. */
import { isJsonObject, type JsonObject } from './mend.ts';
import { type Field, isPartOf, type ObjectModel } from './model/field.ts';
import { bidRequest } from './model/request-objects.ts';
import type { BidRequest } from './types.ts';

/**
 * The same request with every field in its 2.5 place: what moved out of `ext` with 2.6 moves back, what 2.6 says in a
 * new way is said in the old one, what 2.5 has no word for is left out. The input stays as it is; unchanged parts are
 * shared with it.
 */
export function toVersion25(request: BidRequest): BidRequest {
  return downgradeObject(bidRequest, request as unknown as JsonObject) as unknown as BidRequest;
}

/** New spelling -> old spelling of the same thing, where the values differ. */
const RESPELLED: Readonly<Record<string, { readonly key: string; readonly respell: (value: unknown) => unknown }>> = {
  kwarray: { key: 'keywords', respell: (words) => (words as readonly string[]).join(',') },
  langb: { key: 'language', respell: primaryLanguage },
  wlangb: { key: 'wlang', respell: (tags) => [...new Set((tags as readonly string[]).map(primaryLanguage))] },
};

/** `en-US` (BCP 47) is `en` (ISO 639-1). */
function primaryLanguage(tag: unknown): string {
  return (tag as string).split('-', 1)[0]!.toLowerCase();
}

function downgradeObject(model: ObjectModel, object: JsonObject): JsonObject {
  let copy: JsonObject | null = null;
  // A reader of 2.5 takes every category for one of taxonomy 1, and would block or target what nobody meant.
  const isOtherTaxonomy = object.cattax !== undefined && object.cattax !== 1;
  for (const key of Object.keys(object)) {
    const field = model.fields.get(key);
    if (field === undefined || object[key] === undefined) continue;
    if (field.inTaxonomy && isOtherTaxonomy) {
      copy ??= { ...object };
      delete copy[key];
    } else if (isPartOf(field, '2.5')) {
      const value = downgradeValue(field, object[key]);
      if (value === object[key]) continue;
      copy ??= { ...object };
      copy[key] = value;
    } else {
      copy ??= { ...object };
      delete copy[key];
      sayInVersion25(copy, key, field, object[key]);
    }
  }
  return copy ?? object;
}

function downgradeValue(field: Field, value: unknown): unknown {
  if (field.kind !== 'object') return value;
  if (!field.isList) return downgradeObject(field.model!, value as JsonObject);
  const items = value as readonly JsonObject[];
  const downgraded = items.map((item) => downgradeObject(field.model!, item));
  return downgraded.every((item, index) => item === items[index]) ? items : downgraded;
}

function sayInVersion25(copy: JsonObject, key: string, field: Field, value: unknown): void {
  const old = RESPELLED[key];
  if (old && copy[old.key] === undefined) copy[old.key] = old.respell(value);
  if (field.legacyPlace) putAt(copy, field.legacyPlace, value);
}

/** Sets the value at a place whose first step is a key of `copy`; objects on the way are copied, not changed. */
function putAt(copy: JsonObject, place: readonly string[], value: unknown): void {
  const [key, ...below] = place as [string, ...string[]];
  if (below.length === 0) {
    copy[key] = value;
    return;
  }
  const inner = isJsonObject(copy[key]) ? { ...copy[key] } : {};
  putAt(inner, below, value);
  copy[key] = inner;
}
