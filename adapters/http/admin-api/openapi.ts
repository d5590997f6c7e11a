/** The OpenAPI document of `/admin/v1`, made of the schemas that requests are checked by. */
import type { JsonSchema } from '../../../engine/campaign/booking-schemas.ts';
import { COUNTED_TYPES, DIMENSIONS } from '../../../engine/counters/dimensions.ts';
import { REFUND_RESULTS } from '../../../engine/ports/refunds.ts';
import { REASON_LENGTH_MAX, REFUNDS_MAX } from './refund-routes.ts';
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
  paths['/admin/counters'] = { get: countersOperation() };
  paths['/admin/counters/top'] = { get: topCountersOperation() };
  paths['/admin/refunds'] = { post: refundOperation() };
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

const COUNTS = {
  wins: { type: 'integer' },
  impressions: { type: 'integer' },
  viewables: { type: 'integer' },
  clicks: { type: 'integer' },
  conversions: { type: 'integer' },
  ctr: { type: 'number', nullable: true, description: 'Clicks per impression; null without impressions.' },
  spend: { type: 'object', additionalProperties: { type: 'string' }, description: 'By currency.' },
};
const COUNTED_PERIOD = {
  by: { type: 'string', enum: DIMENSIONS },
  from: { type: 'string', format: 'date-time' },
  to: { type: 'string', format: 'date-time' },
  startedAt: {
    type: 'string',
    format: 'date-time',
    nullable: true,
    description: 'Since when the counters have not been lost.',
  },
};
const COUNTED_FROM = query('from', 'RFC 3339; left out: five minutes before `to`.');
const COUNTED_TO = query('to', 'Left out: now.');

function countersOperation(): object {
  return {
    summary: 'What was counted of one thing, by windows of 10 s or longer steps.',
    parameters: [
      required('by', `One of ${DIMENSIONS.join(', ')}.`),
      required('id', 'Of a DSP `DSP/NAME`, of a placement `PUBLISHER/PLACEMENT`; empty: all others.'),
      COUNTED_FROM,
      COUNTED_TO,
      query('step', 'Seconds, a multiple of 10, which it is when left out.'),
    ],
    responses: {
      200: json('Its counts.', {
        type: 'object',
        properties: {
          ...COUNTED_PERIOD,
          id: { type: 'string' },
          step: { type: 'integer' },
          total: { type: 'object', properties: COUNTS },
          items: listOf({ at: { type: 'string', format: 'date-time' }, ...COUNTS }),
        },
      }),
      ...countersRefusals(),
    },
  };
}

function topCountersOperation(): object {
  return {
    summary: 'Which things have most of something.',
    parameters: [
      required('by', `One of ${DIMENSIONS.join(', ')}.`),
      query('of', `One of ${COUNTED_TYPES.join(', ')}, spend; left out: impression.`),
      query('currency', 'Of `spend`.'),
      COUNTED_FROM,
      query('to', 'Left out: now. At most ten minutes after `from`.'),
      query('limit', '1 to 100, 10 when left out.'),
    ],
    responses: {
      200: json('Most first.', {
        type: 'object',
        properties: { ...COUNTED_PERIOD, items: listOf({ id: { type: 'string' }, ...COUNTS }) },
      }),
      ...countersRefusals(),
    },
  };
}

function listOf(properties: Record<string, JsonSchema>): JsonSchema {
  return { type: 'array', items: { type: 'object', properties } };
}

function countersRefusals(): object {
  return {
    409: json('Nothing is counted here.', ERROR_REFERENCE),
    503: json('The counters cannot be read; ask again.', ERROR_REFERENCE),
    ...refusals(),
  };
}

function refundOperation(): object {
  const ad = { auction: { type: 'string' }, imp: { type: 'string' } };
  const wanted = {
    type: 'object',
    additionalProperties: false,
    required: ['auction', 'imp', 'reason'],
    properties: {
      ...ad,
      reason: { type: 'string', maxLength: REASON_LENGTH_MAX },
      sale: { type: 'object', description: "As the `win` event has it: for a DSP's ad that may not be billed yet." },
    },
  };
  const made = {
    type: 'object',
    properties: {
      ...ad,
      result: { type: 'string', enum: REFUND_RESULTS },
      amount: { type: 'integer', description: 'What was billed: nanos, or impressions of what is guaranteed.' },
      currency: { type: 'string' },
    },
  };
  const refunds = { type: 'array', items: made };
  return {
    summary: 'Undoes bills of ads, ours and of DSPs, or prevents them. All of them, or none. Needs the role money.',
    requestBody: {
      required: true,
      content: { 'application/json': { schema: { type: 'array', maxItems: REFUNDS_MAX, items: wanted } } },
    },
    responses: {
      200: json('What became of each.', { type: 'object', properties: { refunds } }),
      409: json('None was booked: some are `unknown`.', {
        type: 'object',
        properties: { error: { type: 'string' }, refunds },
      }),
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
