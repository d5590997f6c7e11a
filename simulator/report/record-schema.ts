/** JSON Schemas of the records that reports are made of: the shapes of run-record.ts and comparison-record.ts. Further keys are let pass. */
import { Ajv } from 'ajv';
import type { ComparisonRecord } from '../comparison/comparison-record.ts';
import type { RunRecord } from '../world/run-record.ts';

/** Beyond it numbers do not add up, nor can axes be drawn. */
const SIZE_MAX = Number.MAX_SAFE_INTEGER;
const NUMBER = { type: 'number', minimum: -SIZE_MAX, maximum: SIZE_MAX };
const TEXT = { type: 'string' };
const COUNT = { type: 'number', minimum: 0, maximum: SIZE_MAX };
const COUNTS = { type: 'object', additionalProperties: COUNT };

function list(items: object): object {
  return { type: 'array', items };
}

/** All keys are required. */
function object(properties: Readonly<Record<string, object>>): object {
  return { type: 'object', required: Object.keys(properties), properties };
}

function orNull(schema: object): object {
  return { ...schema, nullable: true };
}

const PERCENTILES = orNull(object({ p50: NUMBER, p95: NUMBER, p99: NUMBER, max: NUMBER }));

const INTERVAL = object({
  fromMs: COUNT,
  requests: COUNT,
  answered: COUNT,
  filled: COUNT,
  shed: COUNTS,
  unanswered: COUNT,
  impressions: COUNT,
  clicks: COUNT,
  revenueNanos: NUMBER,
  advertiserValueNanos: NUMBER,
  dspCalls: COUNT,
  cpuMs: COUNT,
  latencyMs: PERCENTILES,
  fallbacks: COUNT,
});

const RUN = object({
  identity: object({ seed: NUMBER, scenario: TEXT, scenarioHash: TEXT, commit: TEXT, command: TEXT }),
  durationMs: { type: 'number', exclusiveMinimum: 0, maximum: 3.2e12 },
  // What a date can be of, with a century to go.
  startedAtMs: { type: 'number', minimum: 0, maximum: 8e15 },
  traceHash: TEXT,
  ledgerHash: TEXT,
  totals: INTERVAL,
  intervalMs: { type: 'number', exclusiveMinimum: 0 },
  intervals: list(INTERVAL),
  dsps: list(
    object({
      id: TEXT,
      calls: COUNT,
      results: COUNTS,
      wins: COUNT,
      spendNanos: NUMBER,
      valueNanos: NUMBER,
      latencyMs: PERCENTILES,
    }),
  ),
  campaigns: list(
    object({
      id: TEXT,
      budgetNanos: NUMBER,
      spentNanos: NUMBER,
      plannedNanos: list(NUMBER),
      spentByNanos: list(NUMBER),
      pace: list(NUMBER),
      leasedNanos: list(NUMBER),
      strandedNanos: list(NUMBER),
    }),
  ),
  regions: list(
    object({ name: TEXT, requests: list(COUNT), shed: list(COUNT), utilisation: list(NUMBER), machines: list(NUMBER) }),
  ),
  faults: list(object({ kind: TEXT, target: TEXT, fromMs: NUMBER, untilMs: NUMBER })),
  states: list(
    object({
      kind: { type: 'string', enum: ['breaker', 'throttle', 'shedding', 'fallback', 'process', 'failover'] },
      subject: TEXT,
      state: TEXT,
      fromMs: NUMBER,
      untilMs: NUMBER,
    }),
  ),
  checks: list(object({ id: TEXT, name: TEXT, judged: COUNT, violations: list(TEXT) })),
  calibration: orNull(
    object({
      source: TEXT,
      rows: list(object({ group: TEXT, name: TEXT, real: NUMBER, simulated: NUMBER, unit: TEXT })),
    }),
  ),
});

const COMPARISON = object({
  name: TEXT,
  commit: TEXT,
  command: TEXT,
  seeds: { type: 'array', items: NUMBER, minItems: 1 },
  arms: { type: 'array', items: object({ name: TEXT, scenarioHash: TEXT, example: RUN }), minItems: 2 },
  metrics: list(
    object({
      metric: TEXT,
      unit: TEXT,
      higherIsBetter: { type: 'boolean' },
      values: list(list(NUMBER)),
      differences: list(object({ arm: TEXT, mean: NUMBER, lower: NUMBER, upper: NUMBER, relative: orNull(NUMBER) })),
    }),
  ),
});

const ajv = new Ajv({ strict: true, strictTypes: false });

/** Of a value whose kind and version were looked at. */
export const isRunRecord = ajv.compile<RunRecord>(RUN);
export const isComparisonRecord = ajv.compile<ComparisonRecord>(COMPARISON);
