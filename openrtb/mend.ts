/**
 * The repair walk: rebuilds a message from its known fields, mending what the policy lets be mended. Runs only when the
 * schema says no. Keys are copied by name into fresh objects, so `__proto__` in a message is a key like any other.
 */

import { mendScalar, TOO_LONG, UNREADABLE } from './mend-scalar.ts';
import type { MessageReading } from './message-reading.ts';
import type { Field, ObjectModel } from './model/field.ts';

export type JsonObject = Record<string, unknown>;

/** The value is critical and cannot be read: the object around it must not be used. The cause has been reported. */
const UNUSABLE = Symbol('unusable');

/** The object in final shape, or undefined when it cannot be used (reported). */
export function mendObject(model: ObjectModel, raw: JsonObject, reading: MessageReading): JsonObject | undefined {
  const mended = mendFields(model, raw, reading);
  if (mended === undefined) return undefined;
  for (const key of model.required) {
    if (isMissing(mended[key]) && !fillRequired(model, key, mended, reading)) return undefined;
  }
  return mended;
}

/** As `mendObject`, but whoever calls judges which fields may be missing. */
export function mendFields(model: ObjectModel, raw: JsonObject, reading: MessageReading): JsonObject | undefined {
  const mended: JsonObject = {};
  let usable = true;
  for (const key of Object.keys(raw)) {
    const field = model.fields.get(key);
    if (field === undefined) continue;
    reading.enter(key);
    usable = put(mended, key, mendField(field, raw[key], reading)) && usable;
    reading.leave();
  }
  mendExt(mended, raw.ext, reading);
  for (const key of model.moved) usable = promote(model.fields.get(key)!, key, mended, reading) && usable;
  if (model.together.some((key) => isPresent(raw[key]) && mended[key] === undefined)) {
    for (const key of model.together) delete mended[key];
  }
  return usable ? mended : undefined;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `null` and `''` are how some partners spell "absent". */
export function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

/** A list that must hold an item is missing without one. */
function isMissing(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.length === 0);
}

function put(mended: JsonObject, key: string, value: unknown): boolean {
  if (value === UNUSABLE) return false;
  if (value !== undefined) mended[key] = value;
  return true;
}

/** Undefined: absent or left out. */
function mendField(field: Field, value: unknown, reading: MessageReading): unknown {
  if (!isPresent(value)) return undefined;
  if (field.kind === 'object')
    return field.isList ? mendObjects(field, value, reading) : mendChild(field, value, reading);
  if (field.isList) return mendScalars(field, value, reading);
  const mended = mendScalar(field, value, reading);
  if (mended === TOO_LONG) return leaveOutLong(field, reading);
  return mended === UNREADABLE ? leaveOut(field, value, reading) : mended;
}

function mendChild(field: Field, value: unknown, reading: MessageReading): unknown {
  const model = field.model!;
  if (!isJsonObject(value)) {
    if (model.unit) reading.report('not-an-object', `${model.name} must be an object`);
    else return leaveOut(field, value, reading);
    return undefined;
  }
  return mendObject(model, value, reading) ?? (field.critical ? UNUSABLE : undefined);
}

function mendObjects(field: Field, value: unknown, reading: MessageReading): unknown {
  if (!Array.isArray(value)) return leaveOut(field, value, reading);
  const items: JsonObject[] = [];
  let lost = false;
  for (let index = 0; index < value.length; index++) {
    if (value[index] === null) continue;
    reading.enter(index);
    const item = mendItem(field, value[index], reading);
    reading.leave();
    if (item === undefined) {
      lost = true;
      continue;
    }
    if (items.length !== index) reading.rememberSourceIndex(item, index);
    items.push(item);
  }
  return lost && field.critical ? UNUSABLE : items;
}

function mendItem(field: Field, value: unknown, reading: MessageReading): JsonObject | undefined {
  const model = field.model!;
  if (isJsonObject(value)) return mendObject(model, value, reading);
  const code = field.critical ? 'unusable-value' : model.unit ? 'not-an-object' : 'wrong-type';
  reading.report(code, `${model.name} must be an object`);
  return undefined;
}

function mendScalars(field: Field, value: unknown, reading: MessageReading): unknown {
  if (typeof value === 'object' && !Array.isArray(value)) return leaveOut(field, value, reading);
  if (!Array.isArray(value)) {
    const item = mendScalar(field, value, reading);
    if (item === UNREADABLE) return leaveOut(field, value, reading);
    reading.report('scalar-for-array', 'must be an array; read as an array of one');
    return [item];
  }
  const items: unknown[] = [];
  for (let index = 0; index < value.length; index++) {
    if (!isPresent(value[index])) continue;
    reading.enter(index);
    const item = mendScalar(field, value[index], reading);
    if (item === UNREADABLE) reading.report('wrong-type', `must be ${expectation(field)}; left out`);
    else items.push(item);
    reading.leave();
  }
  if (field.critical && items.length === 0 && value.length > 0) {
    // An empty list restricts nothing, and that is not what was meant.
    reading.report('unusable-value', 'holds no usable item; what depends on it is not used');
    return UNUSABLE;
  }
  return items;
}

/** A value that cannot be read costs itself, or what depends on it. */
function leaveOut(field: Field, value: unknown, reading: MessageReading): unknown {
  const expected = `must be ${field.isList ? 'an array' : expectation(field)}`;
  if (field.rule !== undefined) return fallbackOf(field, reading.report(field.rule, expected)) ?? UNUSABLE;
  if (field.critical) {
    reading.report('unusable-value', `${expected}; what depends on it is not used`);
    return UNUSABLE;
  }
  const isNumber = typeof value === 'number';
  reading.report(isNumber && field.min !== undefined ? 'out-of-range' : 'wrong-type', `${expected}; left out`);
  return undefined;
}

function leaveOutLong(field: Field, reading: MessageReading): unknown {
  const expected = `must be of at most ${field.lengthMax} characters`;
  if (field.required || field.critical) {
    reading.report('id-too-long', `${expected}; what depends on it is not used`);
    return UNUSABLE;
  }
  reading.report('text-too-long', `${expected}; left out`);
  return undefined;
}

function expectation(field: Field): string {
  if (field.kind === 'object') return 'an object';
  if (field.kind === 'text' || field.kind === 'json') return 'a string';
  if (field.kind === 'flag') return '0 or 1';
  const type = field.kind === 'integer' ? 'an integer' : 'a decimal number';
  if (field.max !== undefined) return `${type} from ${field.min} to ${field.max}`;
  return field.min === undefined ? type : `${type} of at least ${field.min}`;
}

function fillRequired(model: ObjectModel, key: string, mended: JsonObject, reading: MessageReading): boolean {
  const field = model.fields.get(key)!;
  const severity = reading.report(
    field.rule ?? (model.unit ? 'missing-field' : 'incomplete-part'),
    `${model.name} needs ${key}`,
    key,
  );
  const value = fallbackOf(field, severity);
  if (value !== undefined) mended[key] = value;
  return value !== undefined;
}

function fallbackOf(field: Field, severity: string): unknown {
  return severity === 'warn' || severity === 'notice' ? field.fallback : undefined;
}

function mendExt(mended: JsonObject, ext: unknown, reading: MessageReading): void {
  if (isJsonObject(ext)) mended.ext = ext;
  else if (isPresent(ext)) reading.report('ext-not-object', 'ext must be an object; left out', 'ext');
}

/** Moves a value from its 2.5 place in ext to the field of 2.6; the field wins when both are there. */
function promote(field: Field, key: string, mended: JsonObject, reading: MessageReading): boolean {
  const place = field.legacyPlace!;
  const value = valueAt(mended, place);
  if (!isPresent(value)) return true;
  for (const step of place) reading.enter(step);
  reading.report('legacy-place', `belongs to ${key} since 2.6; moved`);
  const usable = mended[key] !== undefined || put(mended, key, mendField(field, value, reading));
  for (const _ of place) reading.leave();
  const ext = without(mended.ext as JsonObject, place.slice(1));
  if (Object.keys(ext).length > 0) mended.ext = ext;
  else delete mended.ext;
  return usable;
}

function valueAt(object: JsonObject, place: readonly string[]): unknown {
  let value: unknown = object;
  for (const step of place) {
    if (!isJsonObject(value) || !Object.hasOwn(value, step)) return undefined;
    value = value[step];
  }
  return value;
}

/** A copy without the value at `place`. Rest properties define keys and never assign them: safe for `__proto__`. */
function without(object: JsonObject, place: readonly string[]): JsonObject {
  const [key, ...below] = place as [string, ...string[]];
  const { [key]: value, ...rest } = object;
  if (below.length === 0) return rest;
  const inner = without(value as JsonObject, below);
  return Object.keys(inner).length === 0 ? rest : { ...rest, [key]: inner };
}
