/** `GAVEL_AUCTION_TMAX_DEFAULT_MS=80` sets `auction.tmaxDefaultMs`: every scalar outside of lists has its variable. */

import type { ConfigSchema } from './schema/kinds.ts';
import { CONFIG_SCHEMA } from './schema.ts';

export interface EnvironmentOverride {
  readonly variable: string;
  /** In dots; null when no setting has this variable. */
  readonly path: string | null;
  readonly value: unknown;
}

const PREFIX = 'GAVEL_';

interface Setting {
  readonly path: string;
  readonly schema: ConfigSchema;
}

/** Variable name to setting. */
export function environmentVariables(): Map<string, Setting> {
  const settings = new Map<string, Setting>();
  collect(CONFIG_SCHEMA, [], settings);
  return settings;
}

function collect(schema: ConfigSchema, path: string[], settings: Map<string, Setting>): void {
  for (const [key, child] of Object.entries(schema.properties ?? {})) {
    const childPath = [...path, key];
    if (child.properties !== undefined) collect(child, childPath, settings);
    else if (child.type !== 'array' && child.type !== 'object') {
      settings.set(PREFIX + childPath.map(screamingSnake).join('_'), { path: childPath.join('.'), schema: child });
    }
  }
}

function screamingSnake(camel: string): string {
  return camel.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

const VARIABLES = environmentVariables();

export function environmentOverrides(environment: Readonly<Record<string, string | undefined>>): EnvironmentOverride[] {
  const overrides: EnvironmentOverride[] = [];
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith(PREFIX) || text === undefined) continue;
    const setting = VARIABLES.get(variable);
    overrides.push(
      setting === undefined
        ? { variable, path: null, value: text }
        : { variable, path: setting.path, value: typed(text, setting.schema) },
    );
  }
  return overrides;
}

/** What is not a number or a flag stays text, and the schema refuses it with a message. */
function typed(text: string, schema: ConfigSchema): unknown {
  if (schema.type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  if ((schema.type === 'integer' || schema.type === 'number') && text.trim() !== '' && Number.isFinite(Number(text))) {
    return Number(text);
  }
  return text;
}
