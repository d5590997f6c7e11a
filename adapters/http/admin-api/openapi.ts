/** The OpenAPI document of `/admin/v1`, made of the schemas that requests are checked by. */
import type { JsonSchema } from '../../../engine/campaign/booking-schemas.ts';
import { RESOURCE_NAMES, RESOURCES, type ResourceName } from './resources.ts';

const ERROR = {
  type: 'object',
  required: ['error'],
  properties: {
    error: { type: 'string', description: 'What is wrong, and what would be right.' },
    path: { type: 'string', description: 'Where in the document.' },
  },
};

const REFUSALS: Readonly<Record<string, string>> = {
  400: 'The document or a parameter is wrong.',
  401: 'The bearer token is missing or wrong.',
  403: 'The token lacks the role.',
};

export function openApiDocument(version: string): object {
  const paths: Record<string, object> = {};
  const schemas: Record<string, unknown> = { Error: ERROR };
  for (const name of RESOURCE_NAMES) {
    schemas[schemaName(name)] = RESOURCES[name].schema;
    paths[`/admin/v1/${name}`] = { get: listOperation(name) };
    paths[`/admin/v1/${name}/{id}`] = oneOperations(name);
  }
  paths['/admin/v1/import'] = { post: importOperation() };
  paths['/admin/v1/audit'] = { get: auditOperation() };
  paths['/admin/v1/campaigns/{id}/delivery'] = { get: deliveryOperation() };
  return {
    openapi: '3.0.3',
    info: { title: 'Gavel: campaigns', version },
    security: [{ bearer: [] }],
    paths,
    components: { schemas, securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
  };
}

function listOperation(name: ResourceName): object {
  const { parentField } = RESOURCES[name];
  return {
    summary: `Lists ${name}, in order of ids.`,
    parameters: [
      ...(parentField === null ? [] : [query(parentField, 'Only of this one.')]),
      query('after', 'Only ids above this one: `next` of the page before.'),
      query('limit', '1 to 1000, 100 when left out.'),
    ],
    responses: {
      200: json('A page.', {
        type: 'object',
        properties: { items: { type: 'array', items: reference(name) }, next: { type: 'string', nullable: true } },
      }),
      ...refusals(),
    },
  };
}

function oneOperations(name: ResourceName): object {
  const { noun } = RESOURCES[name];
  const one = (text: string) => ({ ...json(text, reference(name)), headers: { ETag: { schema: { type: 'string' } } } });
  const overtaken = { 412: json('It is at another version than If-Match says.', ERROR_REFERENCE) };
  return {
    parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
    get: {
      summary: `Gives ${noun}.`,
      responses: { 200: one('It.'), 404: json('There is none.', ERROR_REFERENCE), ...refusals() },
    },
    put: {
      summary: `Creates ${noun}, or replaces the version in If-Match.`,
      parameters: [header('If-Match', 'ETag of the version to replace.'), header('If-None-Match', '`*`: create only.')],
      requestBody: { required: true, content: { 'application/json': { schema: reference(name) } } },
      responses: {
        200: one('Replaced.'),
        201: one('Created.'),
        409: json('What is stored forbids it.', ERROR_REFERENCE),
        428: json('It exists, and If-Match is missing.', ERROR_REFERENCE),
        ...overtaken,
        ...refusals(),
      },
    },
    patch: {
      summary: `Changes fields of ${noun} (JSON Merge Patch).`,
      parameters: [header('If-Match', 'ETag of the version to change; left out: as it is by then.')],
      requestBody: {
        required: true,
        content: {
          'application/json': { schema: { type: 'object' } },
          'application/merge-patch+json': { schema: { type: 'object' } },
        },
      },
      responses: {
        200: one('Changed.'),
        404: json('There is none.', ERROR_REFERENCE),
        409: json('What is stored forbids it.', ERROR_REFERENCE),
        ...overtaken,
        ...refusals(),
      },
    },
  };
}

function importOperation(): object {
  const lists = Object.fromEntries(RESOURCE_NAMES.map((name) => [name, { type: 'array', items: reference(name) }]));
  const schema = { type: 'object', additionalProperties: false, properties: lists };
  const counts = Object.fromEntries(RESOURCE_NAMES.map((name) => [name, { type: 'integer' }]));
  return {
    summary: 'Creates or replaces all documents of a file. All of them, or none.',
    requestBody: { required: true, content: { 'application/yaml': { schema }, 'application/json': { schema } } },
    responses: {
      200: json('How many were taken.', { type: 'object', properties: counts }),
      409: json('What is stored forbids it.', ERROR_REFERENCE),
      412: json('Somebody changed the same at the same time.', ERROR_REFERENCE),
      ...refusals(),
    },
  };
}

function auditOperation(): object {
  return {
    summary: 'Who changed what, latest first.',
    parameters: [
      required('kind', '`advertiser`, `campaign`, `line-item`, `creative`.'),
      required('id', 'Of what was changed.'),
      query('limit', '1 to 1000, 100 when left out.'),
    ],
    responses: { 200: json('A page.', { type: 'object' }), ...refusals() },
  };
}

function deliveryOperation(): object {
  return {
    summary: 'Plan, reserved, billed, released, pace and forecast of a campaign, by slot of 15 minutes.',
    parameters: [
      { name: 'id', in: 'path', required: true, schema: { type: 'string' } },
      query('from', 'Of the slots, RFC 3339; left out: the beginning of the local day.'),
      query('to', 'Left out: the end of the local day. At most 31 days.'),
    ],
    responses: {
      200: json('Its delivery.', { type: 'object' }),
      404: json('There is none.', ERROR_REFERENCE),
      ...refusals(),
    },
  };
}

const ERROR_REFERENCE = { $ref: '#/components/schemas/Error' };

function refusals(): object {
  return Object.fromEntries(Object.entries(REFUSALS).map(([status, text]) => [status, json(text, ERROR_REFERENCE)]));
}

function json(description: string, schema: JsonSchema): object {
  return { description, content: { 'application/json': { schema } } };
}

function reference(name: ResourceName): JsonSchema {
  return { $ref: `#/components/schemas/${schemaName(name)}` };
}

/** `line-items`: `LineItem`. */
function schemaName(name: ResourceName): string {
  const words = name.replace(/s$/, '').split('-');
  return words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('');
}

function query(name: string, description: string): object {
  return { name, in: 'query', description, schema: { type: 'string' } };
}

function required(name: string, description: string): object {
  return { ...query(name, description), required: true };
}

function header(name: string, description: string): object {
  return { name, in: 'header', description, schema: { type: 'string' } };
}
