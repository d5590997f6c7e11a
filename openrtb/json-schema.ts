/**
 * JSON Schemas of OpenRTB messages in the shape the readers hand out, generated from the field table and compiled by
 * ajv. A message that satisfies its schema needs no mending: that is the fast path of both readers.
 */
import { Ajv } from 'ajv';
import { type Field, isPartOf, type ObjectModel, type WireVersion } from './model/field.ts';
import { nativeRequest } from './model/native-objects.ts';
import { bidRequest } from './model/request-objects.ts';
import { bid, bidResponse } from './model/response-objects.ts';

export type SchemaName = 'request' | 'response' | 'bid' | 'native-request';
export type JsonSchema = { readonly [keyword: string]: unknown };
export type Validator = (message: unknown) => boolean;

const MODELS: Readonly<Record<SchemaName, ObjectModel>> = {
  request: bidRequest,
  response: bidResponse,
  bid,
  'native-request': nativeRequest,
};

/**
 * The schema of a message. Requests are closed: an unknown field is legal on the wire, but it must not travel on, so
 * a request with one is not in final shape. Answers are open, since only their known fields are ever read.
 */
export function jsonSchema(name: SchemaName, version: WireVersion): JsonSchema {
  const definitions: Record<string, JsonSchema> = {};
  define(MODELS[name], { version, closed: name === 'request', definitions });
  return { $id: `gavel:${name}:${version}`, $ref: `#/$defs/${MODELS[name].name}`, $defs: definitions };
}

const compiled = new Map<string, Validator>();

/** The validator of a schema, compiled once per process. Costs tens of milliseconds: call it when the process starts. */
export function compileValidator(name: SchemaName, version: WireVersion = '2.6'): Validator {
  const key = `${name} ${version}`;
  const validator = compiled.get(key) ?? compile(name, version);
  compiled.set(key, validator);
  return validator;
}

function compile(name: SchemaName, version: WireVersion): Validator {
  // `unicode: false` compares `minLength: 1` with `.length`, not by walking every string; ajv logs a deprecation for it.
  const ajv = new Ajv({ messages: false, strictTypes: false, unicode: false, logger: false });
  return ajv.compile(jsonSchema(name, version));
}

interface Generation {
  readonly version: WireVersion;
  readonly closed: boolean;
  readonly definitions: Record<string, JsonSchema>;
}

function define(model: ObjectModel, generation: Generation): JsonSchema {
  const reference = { $ref: `#/$defs/${model.name}` };
  if (generation.definitions[model.name]) return reference;
  const properties: Record<string, JsonSchema> = {};
  for (const [key, field] of model.fields) {
    if (isPartOf(field, generation.version)) properties[key] = fieldSchema(field, generation);
  }
  properties.ext = extSchema(model, generation.version);
  generation.definitions[model.name] = {
    type: 'object',
    properties,
    required: model.required,
    additionalProperties: !generation.closed,
  };
  return reference;
}

function fieldSchema(field: Field, generation: Generation): JsonSchema {
  const schema = field.kind === 'object' ? define(field.model!, generation) : scalarSchema(field);
  if (!field.isList) return schema;
  return { type: 'array', items: schema, ...(field.required ? { minItems: 1 } : {}) };
}

function scalarSchema(field: Field): JsonSchema {
  if (field.kind === 'text' || field.kind === 'json') {
    return { type: 'string', minLength: 1, ...(field.lengthMax === undefined ? {} : { maxLength: field.lengthMax }) };
  }
  return {
    type: field.kind === 'decimal' ? 'number' : 'integer',
    ...(field.min === undefined ? {} : { minimum: field.min }),
    ...(field.max === undefined ? {} : { maximum: field.max }),
    ...(field.values === undefined ? {} : { enum: field.values }),
  };
}

/** Opaque, but what 2.6 has its own field for must not hide in it. */
function extSchema(model: ObjectModel, version: WireVersion): JsonSchema {
  if (version === '2.5') return { type: 'object' };
  const places = model.moved.map((key) => model.fields.get(key)!.legacyPlace!);
  const properties: Record<string, unknown> = {};
  for (const [, ...below] of [...places, ...model.retired]) {
    properties[below[0]!] = below.length === 1 ? false : { properties: { [below[1]!]: false } };
  }
  return { type: 'object', properties };
}
