/**
 * Who may do what over the admin listener. Each token has a name, which is who the audit says did it, and roles:
 *
 *   read    sees everything but secrets
 *   ops     also creates, changes, pauses and ends what is booked, approves creatives, reports outcomes, has estimates
 *           forgotten, and users deleted
 *   money   also sets and changes budgets, and refunds
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Refusal } from './refusal.ts';

export const ROLES = ['read', 'ops', 'money'] as const;
export type Role = (typeof ROLES)[number];

export interface AdminToken {
  readonly name: string;
  /** Bearer token; not empty. A secret. */
  readonly token: string;
  readonly roles: readonly Role[];
}

export interface Caller {
  readonly name: string;
  readonly roles: ReadonlySet<Role>;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before any route of the admin listener runs. */
    caller: Caller;
  }
}

/** Before routing: without a token nobody learns which paths there are. */
export function admitCallers(app: FastifyInstance, tokens: readonly AdminToken[]): void {
  const authenticate = createAuthentication(tokens);
  app.decorateRequest('caller');
  app.addHook('onRequest', async (request, reply) => {
    const caller = authenticate(request.headers.authorization);
    if (caller === null) {
      reply.header('www-authenticate', 'Bearer');
      throw new Refusal(401, '', 'the bearer token is missing or wrong');
    }
    request.caller = caller;
    reply.header('cache-control', 'no-store');
  });
}

/** Refuses with 403 unless the caller has the role. */
export function needs(role: Role): (request: FastifyRequest) => Promise<void> {
  return async ({ caller }) => {
    if (!mayDo(caller, role)) throw new Refusal(403, '', `needs the role ${role}`);
  };
}

/** Who may do more may see: `ops` and `money` include `read`. */
export function mayDo({ roles }: Caller, role: Role): boolean {
  return roles.has(role) || (role === 'read' && roles.size > 0);
}

/** The scheme in any case (RFC 9110, section 11.1). */
const TOKEN = /^bearer +(.+)$/i;

/** Gives who sent the header; null for nobody that we know. */
function createAuthentication(tokens: readonly AdminToken[]): (authorization: string | undefined) => Caller | null {
  const known = tokens.map(({ name, token, roles }) => ({
    expected: digest(token),
    caller: { name, roles: new Set(roles) },
  }));
  return (authorization) => {
    const given = digest(TOKEN.exec(authorization ?? '')?.[1] ?? '');
    let found: Caller | null = null;
    // All of them, so that the time tells nothing of which one it was.
    for (const { expected, caller } of known) if (timingSafeEqual(given, expected)) found = caller;
    return found;
  };
}

/** Equal lengths for the comparison, whose time then tells nothing, not even how long the token is. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
