import { type ConfigSchema, integer, list, section, text } from './kinds.ts';

export const ADMIN: ConfigSchema = section('Listener for people and their tools (docs/admin.md).', {
  host: text('127.0.0.1', 'Address to listen on; it speaks plain HTTP, so beyond loopback the token can be read.'),
  port: integer(8081, 0, 65535, 'TCP port; 0 picks a free one.'),
  token: {
    type: 'string',
    default: '',
    pattern: '^$|^[\\x21-\\x7e]{16,256}$',
    description:
      'Bearer token with all roles, 16 to 256 visible ASCII characters. Empty, and no `tokens`: the listener is not started.',
    secret: true,
  },
  tokens: list(
    {
      type: 'object',
      additionalProperties: false,
      required: ['name', 'token', 'roles'],
      properties: {
        name: {
          type: 'string',
          pattern: '^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$',
          description: 'Who the audit says did it.',
        },
        token: {
          type: 'string',
          pattern: '^[\\x21-\\x7e]{16,256}$',
          description: 'Bearer token.',
          secret: true,
        },
        roles: {
          type: 'array',
          minItems: 1,
          items: { type: 'string', enum: ['read', 'ops', 'money'] },
          description: '`read`: sees; `ops`: also changes; `money`: also sets budgets.',
        },
      },
    },
    'Further tokens with fewer roles.',
  ),
});
