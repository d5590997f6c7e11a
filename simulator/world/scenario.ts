/** The scenario of a world: read from YAML, or drawn by whoever runs many. */
import { createHash } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { parse, YAMLParseError } from 'yaml';
import { ConfigError, loadConfig } from '../../config/load.ts';
import type { Config } from '../../config/types.ts';
import { defaultScenarioPath, loadScenario, type Scenario } from '../dsp/scenario.ts';
import { type MarketOptions, problemOfDemand } from '../market/market-schema.ts';
import {
  checkedScenario,
  type Problem,
  readScenarioText,
  ScenarioError,
  type ScenarioRules,
} from '../scenario-file.ts';
import { problemOfFault, type WorldFault } from './faults/world-fault.ts';
import type { LinkTraits } from './network.ts';
import { WORLD_SCHEMA } from './scenario-schema.ts';

/** After its defaults were filled in; docs/worlds.md for every key. Shares and chances are 0..1. */
export interface WorldScenario {
  readonly name: string;
  readonly durationSec: number;
  /** By true clocks, ISO 8601. */
  readonly startAt: string;
  /** Of the figures in the record. */
  readonly intervalSec: number;
  /** After the last request: what is under way ends. Not part of the figures. */
  readonly settleSec: number;
  readonly traffic: {
    /** Mean over the run with `flat`, over a week with `week`. */
    readonly requestsPerSec: number;
    readonly shape: 'flat' | 'week';
    readonly users: number;
    /** A publisher waits so long for an answer. */
    readonly timeoutMs: number;
    /** Chance that a device calls a tracking URL twice. */
    readonly repeatedReports: number;
    /** OpenRTB `at`: 1 first price, 2 second price. */
    readonly auctionType: 1 | 2;
    /** `single`: one banner placement without floors, of which theory speaks; without `market.demand` only. */
    readonly inventory: 'mixed' | 'single';
  };
  /** Part of a configuration of the engine, as in gavel.yaml. */
  readonly engine: Readonly<Record<string, unknown>>;
  /** How the loss of engines and regions is noticed and made up for. Absent: it is not. */
  readonly failover?: FailoverScenario;
  /** What advertisers have booked, as for `POST /admin/v1/import`, or a file of it beside this one. Absent: there are no campaigns of our own. */
  readonly campaigns?: string | Readonly<Record<string, unknown>>;
  /** Processes that bill and count; none without campaigns. */
  readonly consumers: number;
  readonly regions: readonly RegionScenario[];
  readonly market: MarketScenario;
  readonly network: NetworkScenario;
  /** Virtual processor time of one auction; 0: an engine does everything in no time. */
  readonly cpuMsPerAuction: number;
  readonly faults: readonly WorldFault[];
}

export interface RegionScenario {
  readonly name: string;
  /** Of the traffic, relative to the other regions. */
  readonly share: number;
  readonly engines: number;
  /** Besides: they stand by, and are started when another region is lost. Absent: none. */
  readonly spareEngines?: number;
}

export interface FailoverScenario {
  /** Who has not answered a health check for so long is down. */
  readonly detectSec: number;
  /** A client keeps the way that it was told for so long. */
  readonly dnsTtlSec: number;
  /** From the order of spare engines to their start. */
  readonly provisionSec: number;
}

export interface MarketScenario {
  /** How the DSPs behave (docs/simulator.md): a file beside this one. Absent: the default one. */
  readonly scenario?: string;
  /** As many of them. */
  readonly dsps: number;
  /** A market that behaves (docs/market.md): its DSPs and users instead of those. Absent: none. */
  readonly demand?: MarketOptions;
}

/** One way each. */
export interface NetworkScenario {
  readonly publishers: LinkTraits;
  readonly dsps: LinkTraits;
  readonly stores: LinkTraits;
  readonly betweenRegions: LinkTraits;
}

const ajv = new Ajv({ useDefaults: true, strict: true });
addFormats.default(ajv, ['date-time']);

const RULES: ScenarioRules<WorldScenario> = {
  validate: ajv.compile<WorldScenario>(WORLD_SCHEMA),
  findContradiction,
  describeUnknownKey: () => null,
};

/** Reads and checks a file; names of other files in it become absolute. `datasets` replaces `market.demand.datasets`. Throws a ScenarioError. */
export function loadWorldScenario(path: string, { datasets }: { readonly datasets?: string } = {}): WorldScenario {
  const scenario = checkedScenario(readScenarioText(path), path, RULES);
  const { market, campaigns } = scenario;
  const { scenario: dsps, demand } = market;
  const beside = (name: string): string => resolve(dirname(path), name);
  if (datasets !== undefined && demand === undefined) {
    throw new ScenarioError(path, 'market.demand', null, 'is missing: data sets are for a market that behaves');
  }
  const folder = datasets ?? (demand?.datasets === undefined ? undefined : beside(demand.datasets));
  const found: WorldScenario = {
    ...scenario,
    ...(typeof campaigns === 'string' ? { campaigns: beside(campaigns) } : {}),
    market: {
      ...market,
      ...(dsps === undefined ? {} : { scenario: beside(dsps) }),
      ...(demand === undefined ? {} : { demand: withDatasets(demand, folder) }),
    },
  };
  bookingsOf(found);
  dspScenarioOf(found);
  engineConfig(found, [], path);
  return found;
}

/** What a file may leave to the defaults. */
export type WorldScenarioDraft = Pick<WorldScenario, 'name' | 'durationSec'> &
  Partial<Omit<WorldScenario, 'traffic' | 'market' | 'network'>> & {
    readonly traffic?: Partial<WorldScenario['traffic']>;
    readonly market?: Partial<MarketScenario>;
    readonly network?: { readonly [Link in keyof NetworkScenario]?: Partial<LinkTraits> };
  };

function withDatasets(demand: MarketOptions, folder: string | undefined): MarketOptions {
  return folder === undefined ? demand : { ...demand, datasets: resolve(folder) };
}

/** Fills defaults in. Throws a ScenarioError. */
export function worldScenario(scenario: WorldScenarioDraft): WorldScenario {
  return checkedScenario(JSON.stringify(scenario), `scenario "${scenario.name}"`, RULES);
}

/** SHA-256 of all that it says, hexadecimal, first 16 digits. */
export function scenarioHash(scenario: WorldScenario): string {
  const text = JSON.stringify([scenario, dspScenarioOf(scenario), bookingsOf(scenario)], canonical);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** Documents of what is booked; null: nothing is. Throws a ScenarioError when their file cannot be read. */
export function bookingsOf({ campaigns }: WorldScenario): unknown {
  if (typeof campaigns !== 'string') return campaigns ?? null;
  try {
    return parse(readScenarioText(campaigns));
  } catch (error) {
    if (error instanceof YAMLParseError)
      throw new ScenarioError(campaigns, '', error.linePos?.[0].line ?? null, error.message.split('\n')[0]!);
    throw error;
  }
}

/** Of the DSPs. Throws a ScenarioError. */
export function dspScenarioOf({ market }: Pick<WorldScenario, 'market'>): Scenario {
  const path = market.scenario ?? defaultScenarioPath();
  const scenario = dspScenarios.get(path) ?? loadScenario(path);
  dspScenarios.set(path, scenario);
  return scenario;
}

/** By path: a file is read once, however many worlds are run. */
const dspScenarios = new Map<string, Scenario>();

/** The same order, whatever order they were written in, and wherever data sets lie. */
function canonical(key: string, value: unknown): unknown {
  if (key === 'datasets') return true;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * The configuration of an engine: what the scenario says, in a world without ports, files and services. `settings` by path
 * are the world's own and win. Throws a ScenarioError that names `file`.
 */
export function engineConfig(
  { engine }: WorldScenario,
  settings: readonly (readonly [path: string, value: unknown])[],
  file: string,
): Config {
  try {
    // Loading fills defaults in where they are missing: the scenario stays as it was written.
    const overrides = { ...structuredClone(engine), ...Object.fromEntries(settings) };
    return loadConfig({ file: null, environment: {}, overrides });
  } catch (error) {
    if (error instanceof ConfigError) throw new ScenarioError(file, 'engine', null, error.message.replace(PLACE, ''));
    throw error;
  }
}

/** What loading a configuration calls the place of overrides, and of what is in them. */
const PLACE = /^(?:command line|configuration): /;

/** What a schema cannot say. */
function findContradiction(scenario: WorldScenario): Problem | null {
  const { traffic, market, regions, faults, durationSec } = scenario;
  const names = new Set<string>();
  for (const [index, { name, spareEngines = 0 }] of regions.entries()) {
    if (names.has(name)) return { path: ['regions', index, 'name'], text: `"${name}" names two regions` };
    names.add(name);
    if (spareEngines > 0 && scenario.failover === undefined)
      return { path: ['regions', index, 'spareEngines'], text: 'nobody starts them without "failover"' };
  }
  if (!regions.some(({ share }) => share > 0))
    return { path: ['regions'], text: 'no region has a share of the traffic' };
  if (market.demand !== undefined && traffic.inventory === 'single') {
    return {
      path: ['traffic', 'inventory'],
      text: 'must be mixed with market.demand, which has placements of its own',
    };
  }
  const problem = market.demand === undefined ? null : problemOfDemand(market.demand, traffic);
  if (problem !== null) return problem;
  for (const [index, fault] of faults.entries()) {
    const path = ['faults', index];
    if (fault.fromSec >= durationSec) return { path: [...path, 'fromSec'], text: 'is not before the end of the run' };
    const problem = problemOfFault(fault);
    if (problem !== null) return { path: [...path, problem.key], text: problem.text };
  }
  return null;
}
