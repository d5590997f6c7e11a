/** Options that every command which starts an engine shares, and the configuration they lead to. */
import { ConfigError, type ConfigSources, loadConfig } from '../config/load.ts';
import { WORKERS_MAX } from '../config/schema/server.ts';
import { LISTENING } from '../config/tracking.ts';
import type { Config, DspConfig } from '../config/types.ts';
import type { DspEndpoint } from '../simulator/dsp/server.ts';
import type { OptionSpecs } from './options.ts';
import { wholeNumber } from './options.ts';
import { UsageError } from './usage-error.ts';

export const SYSTEM_OPTIONS = {
  config: { type: 'string', value: 'FILE', help: 'configuration file, YAML (docs/configuration.md)' },
  port: { type: 'string', value: 'N', help: 'port to listen on, 0 for any free one (default 8080)' },
  data: { type: 'string', value: 'DIR', help: 'folder for everything that must survive a restart (default ./data)' },
} as const satisfies OptionSpecs;

export interface SystemOptions {
  readonly config?: string;
  readonly port?: string;
  readonly data?: string;
  readonly workers?: string;
}

/** File, then environment, then command line. Simulated DSPs join the configured ones and may be called over loopback. */
export function systemConfig(options: SystemOptions, simulatedDsps: readonly DspEndpoint[]): Config {
  const overrides: Record<string, unknown> = {};
  if (options.port !== undefined) {
    overrides['server.port'] = wholeNumber(options.port, 'port', 0, { min: 0, max: 65535 });
  }
  if (options.workers !== undefined) {
    overrides['server.workers'] = wholeNumber(options.workers, 'workers', 1, { min: 1, max: WORKERS_MAX });
  }
  if (options.data !== undefined) overrides.dataDirectory = options.data;
  return withSimulatedDsps(load({ file: options.config ?? null, environment: process.env, overrides }), simulatedDsps);
}

function load(sources: ConfigSources): Config {
  try {
    return loadConfig(sources);
  } catch (error) {
    if (error instanceof ConfigError) throw new UsageError(error.message);
    throw error;
  }
}

function withSimulatedDsps(config: Config, simulated: readonly DspEndpoint[]): Config {
  if (simulated.length === 0) return config;
  const { events } = config;
  return {
    ...config,
    // Somebody tries it out: what becomes of ads shows without anything to set up.
    events: { ...events, tracking: { ...events.tracking, baseUrl: events.tracking.baseUrl || LISTENING } },
    dsps: [...config.dsps, ...simulated.map(plainDsp)],
    notices: {
      ...config.notices,
      allowedHosts: [...config.notices.allowedHosts, ...simulated.map(({ url }) => new URL(url).host)],
    },
  };
}

/** A DSP without any agreement but what its prices mean. */
export function plainDsp({ id, url, version, pricing }: DspEndpoint): DspConfig {
  return {
    id,
    url,
    version,
    strictness: 'default',
    pricing,
    quality: 1,
    gzipRequests: false,
    headers: {},
    quirks: [],
    blockedAdvertisers: [],
    blockedCategories: [],
  };
}
