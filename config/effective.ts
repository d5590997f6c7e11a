/** The effective configuration for printing: everything, with secrets masked. */

import type { ConfigSchema } from './schema/kinds.ts';
import { CONFIG_SCHEMA } from './schema.ts';
import type { Config } from './types.ts';

const MASK = '***';

export function effectiveConfig(config: Config): unknown {
  return masked(config, CONFIG_SCHEMA);
}

function masked(value: unknown, schema: ConfigSchema | undefined): unknown {
  if (schema?.secret === true) return maskedSecret(value);
  if (Array.isArray(value)) return value.map((item) => masked(item, schema?.items));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [key, masked(child, schema?.properties?.[key])]),
  );
}

/** A URL keeps scheme and host, which a reader needs; path and query may hold a token. Everything else is masked whole. */
function maskedSecret(value: unknown): unknown {
  if (value === '') return value;
  if (typeof value === 'string') {
    const origin = /^https?:\/\/[^/?#]*/.exec(value);
    return origin === null ? MASK : `${origin[0]}/${MASK}`;
  }
  if (typeof value !== 'object' || value === null) return MASK;
  return Object.fromEntries(Object.keys(value).map((key) => [key, MASK]));
}
