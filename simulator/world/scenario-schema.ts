/** JSON Schema of a world's scenario file; its defaults are the only ones (docs/worlds.md). */
import { FAULTS } from '../dsp/faults.ts';
import { MARKET_SCHEMA } from '../market/market-schema.ts';
import { WORLD_FAULTS } from './faults/world-fault.ts';

const seconds = { type: 'number', exclusiveMinimum: 0, maximum: 31_536_000 } as const;
const moment = { type: 'number', minimum: 0, maximum: 31_536_000 } as const;
const probability = { type: 'number', minimum: 0, maximum: 1 } as const;
const name = { type: 'string', pattern: '^[a-z0-9][a-z0-9-]*$', maxLength: 48 } as const;

function link(medianMs: number, sigma: number) {
  return {
    type: 'object',
    additionalProperties: false,
    default: {},
    properties: {
      medianMs: { type: 'number', minimum: 0, maximum: 60_000, default: medianMs },
      sigma: { type: 'number', minimum: 0, maximum: 3, default: sigma },
      loss: { ...probability, default: 0 },
    },
  } as const;
}

export const WORLD_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'durationSec'],
  properties: {
    name,
    durationSec: seconds,
    startAt: { type: 'string', format: 'date-time', default: '2026-03-02T00:00:00Z' },
    intervalSec: { ...seconds, default: 60 },
    settleSec: { type: 'number', minimum: 0, maximum: 86_400, default: 30 },
    traffic: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        requestsPerSec: { type: 'number', minimum: 0, maximum: 1_000_000, default: 1 },
        shape: { enum: ['flat', 'week'], default: 'flat' },
        users: { type: 'integer', minimum: 1, maximum: 1_000_000_000, default: 10_000 },
        timeoutMs: { type: 'number', exclusiveMinimum: 0, maximum: 60_000, default: 1_000 },
        repeatedReports: { ...probability, default: 0 },
        auctionType: { enum: [1, 2], default: 2 },
        inventory: { enum: ['mixed', 'single'], default: 'mixed' },
      },
    },
    engine: { type: 'object', default: {} },
    campaigns: { oneOf: [{ type: 'string', minLength: 1 }, { type: 'object' }] },
    consumers: { type: 'integer', minimum: 0, maximum: 100, default: 1 },
    regions: {
      type: 'array',
      minItems: 1,
      maxItems: 100,
      default: [{ name: 'home', share: 1, engines: 1 }],
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name'],
        properties: {
          name,
          share: { type: 'number', minimum: 0, default: 1 },
          engines: { type: 'integer', minimum: 1, maximum: 1_000, default: 1 },
          spareEngines: { type: 'integer', minimum: 0, maximum: 1_000 },
        },
      },
    },
    failover: {
      type: 'object',
      additionalProperties: false,
      properties: {
        detectSec: { ...seconds, default: 10 },
        dnsTtlSec: { ...seconds, default: 60 },
        provisionSec: { ...moment, default: 90 },
      },
    },
    market: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        scenario: { type: 'string', minLength: 1 },
        dsps: { type: 'integer', minimum: 0, maximum: 1_000, default: 5 },
        demand: MARKET_SCHEMA,
      },
    },
    network: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        publishers: link(10, 0.4),
        dsps: link(0.5, 0.2),
        stores: link(0.3, 0.2),
        betweenRegions: link(35, 0.1),
      },
    },
    cpuMsPerAuction: { type: 'number', minimum: 0, maximum: 10_000, default: 0 },
    faults: {
      type: 'array',
      default: [],
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['kind', 'target', 'fromSec'],
        properties: {
          kind: { enum: WORLD_FAULTS },
          target: { type: 'string', minLength: 1 },
          fromSec: moment,
          forSec: seconds,
          otherSide: { type: 'string', minLength: 1 },
          aheadMs: { type: 'number', minimum: -3_155_760_000_000, maximum: 3_155_760_000_000 },
          answers: {
            type: 'object',
            additionalProperties: false,
            properties: Object.fromEntries(FAULTS.map((fault) => [fault, probability])),
          },
          burstMs: { type: 'number', exclusiveMinimum: 0, maximum: 60_000 },
          answersLost: probability,
          afterTasks: { type: 'integer', minimum: 0, maximum: 1_000_000_000 },
          staleMs: { type: 'number', minimum: 0, maximum: 3_600_000 },
          lateMs: { type: 'number', minimum: 0, maximum: 604_800_000 },
          repeats: { type: 'integer', minimum: 1, maximum: 1_000 },
          slower: { type: 'number', exclusiveMinimum: 0, maximum: 10_000 },
        },
      },
    },
  },
} as const;
