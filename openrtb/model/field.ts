/**
 * The columns of the field table. One declaration per field drives the JSON Schema, the mending of messages that miss
 * it, and the way back to 2.5; nothing else in this folder lists fields again.
 */
import type { RuleCode } from '../policy.ts';

/** Releases that added or deprecated fields; 2.4 and older are not told apart. Dated ones are all "2.6" on the wire. */
export type Release =
  | '2.5'
  | '2.6'
  | '2.6-202211'
  | '2.6-202303'
  | '2.6-202309'
  | '2.6-202402'
  | '2.6-202501'
  | '2.6-202505'
  | '2.6-202606';

/** What the header `x-openrtb-version` says. */
export type WireVersion = '2.5' | '2.6';

/**
 * `flag` is an integer that means a boolean; partners send true and false for it. `json` is JSON text inside a string;
 * partners send the object itself, which the rules of that field encode.
 */
export type FieldKind = 'text' | 'json' | 'integer' | 'decimal' | 'flag' | 'object';

export interface FieldOptions {
  /** Without it the object is unusable. A required list must hold an item. */
  readonly required?: boolean;
  /** Bounds, inclusive; a value outside counts as a value of the wrong type. */
  readonly min?: number;
  readonly max?: number;
  /** Longest text in UTF-16 units; for single texts. */
  readonly lengthMax?: number;
  /** The only values; for flags that decide what the law allows. Everywhere else enumerations are open. */
  readonly values?: readonly number[];
  /** First release with the field; absent = 2.4 or older. */
  readonly since?: Release;
  readonly deprecated?: Release;
  /** Money, seller's restrictions and legal signals: when the value cannot be read, the object must not be used. */
  readonly critical?: boolean;
  /** Where 2.5 kept the value, from the same object on. */
  readonly legacyPlace?: readonly [string, ...string[]];
  /** Categories of the taxonomy that `cattax` of the same object names, which 2.5 cannot say. */
  readonly inTaxonomy?: boolean;
  /** Sent as an array of strings by some, meant as one comma-separated string. */
  readonly joinsList?: boolean;
  /** The policy rule when the value is missing or unreadable, instead of the general ones. */
  readonly rule?: RuleCode;
  /** What is assumed when the policy says `warn` for `rule`. */
  readonly fallback?: number | readonly string[];
}

export interface Field extends FieldOptions {
  readonly kind: FieldKind;
  readonly isList: boolean;
  /** Set when `kind` is `object`. */
  readonly model?: ObjectModel;
}

export interface ObjectOptions {
  /** Something that is offered, bought or matched by itself (imp, media, deal, eid, bid): leaving one out is a `drop`. */
  readonly unit?: boolean;
  /** Fields that mean nothing without each other: an unreadable one takes the others along. */
  readonly together?: readonly string[];
  /** Places in ext whose content moved to another object. */
  readonly retired?: readonly (readonly [string, ...string[]])[];
}

export interface ObjectModel extends Required<ObjectOptions> {
  readonly name: string;
  /** In a Map, because a key from a message (`constructor`) must never find something inherited. */
  readonly fields: ReadonlyMap<string, Field>;
  readonly required: readonly string[];
  /** Fields with a 2.5 place. */
  readonly moved: readonly string[];
}

/** One entry per field of the type, so that types and table cannot drift apart. */
type FieldsOf<T> = { readonly [name in Exclude<keyof T, 'ext'>]-?: Field };

export function object<T>(name: string, fields: FieldsOf<T>, options: ObjectOptions = {}): ObjectModel {
  const entries = Object.entries<Field>(fields);
  return {
    unit: options.unit ?? false,
    together: options.together ?? [],
    retired: options.retired ?? [],
    name,
    fields: new Map(entries),
    required: entries.filter(([, field]) => field.required).map(([key]) => key),
    moved: entries.filter(([, field]) => field.legacyPlace).map(([key]) => key),
  };
}

export const text = (options: FieldOptions = {}): Field => ({ ...options, kind: 'text', isList: false });
export const json = (options: FieldOptions = {}): Field => ({ ...options, kind: 'json', isList: false });
export const texts = (options: FieldOptions = {}): Field => ({ ...options, kind: 'text', isList: true });
export const integer = (options: FieldOptions = {}): Field => ({ ...options, kind: 'integer', isList: false });
export const integers = (options: FieldOptions = {}): Field => ({ ...options, kind: 'integer', isList: true });
export const decimal = (options: FieldOptions = {}): Field => ({ ...options, kind: 'decimal', isList: false });
export const flag = (options: FieldOptions = {}): Field => ({ ...options, kind: 'flag', isList: false });
export const child = (model: ObjectModel, options: FieldOptions = {}): Field => ({
  ...options,
  kind: 'object',
  isList: false,
  model,
});
export const objects = (model: ObjectModel, options: FieldOptions = {}): Field => ({
  ...options,
  kind: 'object',
  isList: true,
  model,
});

/** Whether a wire version knows the field. All dated releases are 2.6. */
export function isPartOf(field: Field, version: WireVersion): boolean {
  return version === '2.6' || field.since === undefined || field.since === '2.5';
}
