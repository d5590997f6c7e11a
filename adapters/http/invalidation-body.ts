/** Body of `POST /admin/estimates/invalidate`: what predictions are no longer to be used. */
import type { InvalidationEvent } from '../../engine/estimation/cache/invalidations.ts';

export const INVALIDATION_BODIES = '{"campaign":"ID"}, {"user":"ID"} or {"all":true}';

/** Null: none of the three. */
export function readInvalidation(body: unknown): InvalidationEvent | null {
  if (typeof body !== 'object' || body === null || Object.keys(body).length !== 1) return null;
  const { campaign, user, all } = body as Readonly<Record<string, unknown>>;
  if (typeof campaign === 'string' && campaign !== '') return { kind: 'campaign', id: campaign };
  if (typeof user === 'string' && user !== '') return { kind: 'user', id: user };
  return all === true ? { kind: 'all' } : null;
}
