/** Secrets that are not configured are made once and kept in the data folder, so that all of its processes have the same. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { keptSecret } from '../adapters/tracking/kept-secret.ts';
import type { Config } from '../config/types.ts';

/** Rejects when the data folder cannot be had. */
export async function withKeptSecrets(config: Config): Promise<Config> {
  const { userSecret, tracking } = config.events;
  const kept = (configured: string, name: string): Promise<string> | string =>
    configured === '' ? keptSecret(join(config.dataDirectory, 'keys', name)) : configured;
  return withSecrets(config, await kept(userSecret, 'user.key'), await kept(tracking.key, 'tracking.key'));
}

/** Those that are not configured are good for this process alone. */
export function withPassingSecrets(config: Config): Config {
  const { userSecret, tracking } = config.events;
  return withSecrets(config, userSecret || randomUUID(), tracking.key || randomUUID());
}

function withSecrets(config: Config, userSecret: string, key: string): Config {
  const { events } = config;
  return { ...config, events: { ...events, userSecret, tracking: { ...events.tracking, key } } };
}
