/** The OpenAPI document of `/admin/deletions`. */

const DELETION = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    kind: { type: 'string', enum: ['device', 'user'] },
    state: { type: 'string', enum: ['open', 'certified'] },
    subjects: { type: 'array', items: { type: 'string' }, description: 'SHA-256 of the user keys, base64url.' },
    requestedBy: { type: 'string' },
    requestedAt: { type: 'string', format: 'date-time' },
    certifiedAt: { type: 'string', format: 'date-time', nullable: true },
    stores: { type: 'array', items: { type: 'object' }, description: 'What each store has found, and still holds.' },
    waitsFor: { type: 'array', items: { type: 'object' }, description: 'Stores of keepers that are not clean.' },
    certificate: { type: 'object', nullable: true },
  },
};

const ORDER = {
  type: 'object',
  additionalProperties: false,
  required: ['kind', 'ids'],
  properties: {
    kind: { type: 'string', enum: ['device', 'user'], description: "Advertising ids, or a publisher's own ids." },
    publisher: { type: 'string', description: 'Of `user`: `publisher.id` of its requests.' },
    ids: { type: 'array', minItems: 1, maxItems: 20, items: { type: 'string', minLength: 1, maxLength: 512 } },
  },
};

const ERROR = {
  type: 'object',
  required: ['error'],
  properties: {
    error: { type: 'string', description: 'What is wrong, and what would be right.' },
    path: { type: 'string', description: 'Where in the request.' },
  },
};

/** `version`: of the product. */
export function deletionOpenApi(version: string): object {
  return {
    openapi: '3.0.3',
    info: { title: 'Gavel: deletion of users', version },
    security: [{ bearer: [] }],
    paths: paths(),
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
  };
}

function paths(): Record<string, object> {
  return {
    '/admin/deletions': {
      post: {
        summary: 'Asks for a user to be deleted everywhere.',
        parameters: [
          {
            name: 'Idempotency-Key',
            in: 'header',
            description: 'The same again is the same request.',
            schema: { type: 'string' },
          },
        ],
        requestBody: { required: true, content: { 'application/json': { schema: ORDER } } },
        responses: {
          200: json('It is there already.', DELETION),
          202: json('It is taken.', DELETION),
          409: json('The key stands for another user.', ERROR),
          503: json('Too many are open.', ERROR),
          ...refusals(),
        },
      },
      get: {
        summary: 'Requests, the latest first.',
        parameters: [query('before', 'Only those before this one.'), query('limit', '1 to 1000, 100 when left out.')],
        responses: { 200: json('A page.', { type: 'object' }), ...refusals() },
      },
    },
    '/admin/deletions/{id}': {
      parameters: [id()],
      get: {
        summary: 'Its state, store by store, and its certificate.',
        responses: { 200: json('It.', DELETION), 404: json('There is none.', ERROR), ...refusals() },
      },
    },
    '/admin/deletions/verify': {
      post: {
        summary: 'Whether a certificate is one of ours, unchanged.',
        requestBody: { required: true, content: { 'application/json': { schema: { type: 'object' } } } },
        responses: {
          200: json('What it is.', {
            type: 'object',
            properties: { result: { type: 'string', enum: ['valid', 'forged', 'other-key', 'malformed'] } },
          }),
          ...refusals(),
        },
      },
    },
    '/admin/deletions/keepers': {
      get: {
        summary: 'Who keeps data of users outside the database.',
        responses: { 200: json('All.', { type: 'object' }), ...refusals() },
      },
    },
    '/admin/deletions/keepers/{id}/retire': {
      parameters: [id()],
      post: {
        summary: 'Says that a keeper never comes back, and that what it had is destroyed.',
        responses: {
          204: { description: 'Done.' },
          404: json('There is none.', ERROR),
          409: json('It is there.', ERROR),
          ...refusals(),
        },
      },
    },
  };
}

function id(): object {
  return { name: 'id', in: 'path', required: true, schema: { type: 'string' } };
}

function query(name: string, description: string): object {
  return { name, in: 'query', description, schema: { type: 'string' } };
}

function json(description: string, schema: object): object {
  return { description, content: { 'application/json': { schema } } };
}

function refusals(): object {
  const texts = {
    400: 'The request is wrong.',
    401: 'The bearer token is missing or wrong.',
    403: 'The token lacks the role.',
  };
  return Object.fromEntries(Object.entries(texts).map(([status, text]) => [status, json(text, ERROR)]));
}
