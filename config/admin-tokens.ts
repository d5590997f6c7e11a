/** Who may use the admin listener: `admin.token`, which may do everything and is called `admin`, and `admin.tokens`. */
import type { AdminConfig, AdminTokenConfig } from './types.ts';

const EVERYTHING = ['read', 'ops', 'money'] as const;

/** Empty: the listener is not started. */
export function adminTokens({ token, tokens }: AdminConfig): readonly AdminTokenConfig[] {
  return token === '' ? tokens : [{ name: 'admin', token, roles: EVERYTHING }, ...tokens];
}
