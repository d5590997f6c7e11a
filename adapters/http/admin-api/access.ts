/**
 * Who may do what over the admin listener. Each token has a name, which is who the audit says did it, and roles:
 *
 *   read    sees everything but secrets
 *   ops     also creates, changes, pauses and ends what is booked, and approves creatives
 *   money   also sets and changes budgets
 */
import { createHash, timingSafeEqual } from 'node:crypto';

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

/** Gives who sent the header; null for nobody that we know. */
export type Authentication = (authorization: string | undefined) => Caller | null;

export function createAuthentication(tokens: readonly AdminToken[]): Authentication {
  const known = tokens.map(({ name, token, roles }) => ({
    expected: digest(`Bearer ${token}`),
    caller: { name, roles: new Set(roles) },
  }));
  return (authorization) => {
    const given = digest(authorization ?? '');
    let found: Caller | null = null;
    // All of them, so that the time tells nothing of which one it was.
    for (const { expected, caller } of known) if (timingSafeEqual(given, expected)) found = caller;
    return found;
  };
}

/** Who may do more may see: `ops` and `money` include `read`. */
export function mayDo({ roles }: Caller, role: Role): boolean {
  return roles.has(role) || (role === 'read' && roles.size > 0);
}

/** Equal lengths for the comparison, whose time then tells nothing, not even how long the token is. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
