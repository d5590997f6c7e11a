import { POLICIES, type PolicyOptions } from './policy-strategy.ts';

/** `market.demand` of a world: a market that behaves (docs/market.md for every key). */

/** After its defaults were filled in. */
export interface MarketOptions {
  /** Folder of real logs that the market is made like. Absent: our own invention. */
  readonly datasets?: string;
  readonly dsps: readonly MarketDspGroup[];
  readonly sessions: { readonly requestsMean: number; readonly gapSec: number };
  readonly fatigue: {
    readonly creative: number;
    readonly campaign: number;
    readonly advertiser: number;
    readonly halfLifeHours: number;
  };
  readonly network: { readonly nearestShare: number };
}

export interface MarketDspGroup {
  readonly id: string;
  readonly count: number;
  readonly bidRate: number;
  /** Deviation of the members' levels around the group's, in scores. */
  readonly level: number;
  readonly variation: number;
  /** Of each member, in the exchange's currency. Absent: it has none. */
  readonly dailyBudget?: number;
  /** More calls in a second get no bid. Absent: it answers every one. */
  readonly callsPerSecMax?: number;
  /** A published policy prices its bids. Absent: they are worth what they are worth (docs/market.md). */
  readonly policy?: PolicyOptions;
  readonly thinkMs: { readonly median: number; readonly sigma: number; readonly diurnal: number };
}

const share = { type: 'number', minimum: 0, maximum: 1 } as const;
const strength = { type: 'number', minimum: 0, maximum: 5 } as const;

/** JSON Schema; its defaults are the only ones. */
export const MARKET_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  properties: {
    datasets: { type: 'string', minLength: 1 },
    dsps: {
      type: 'array',
      minItems: 1,
      default: [{ id: 'bidder', count: 12 }],
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['id', 'count'],
        properties: {
          id: { type: 'string', pattern: '^[a-z][a-z0-9-]*$', maxLength: 32 },
          count: { type: 'integer', minimum: 1, maximum: 200 },
          bidRate: { ...share, default: 0.6 },
          level: { type: 'number', minimum: -3, maximum: 3, default: 0 },
          variation: { type: 'number', minimum: 0, maximum: 2, default: 0.3 },
          dailyBudget: { type: 'number', exclusiveMinimum: 0 },
          callsPerSecMax: { type: 'integer', minimum: 1 },
          policy: {
            type: 'object',
            additionalProperties: false,
            required: ['policy'],
            properties: {
              policy: { enum: POLICIES },
              bidAtAverage: { type: 'number', exclusiveMinimum: 0, maximum: 100_000, default: 80 },
              curvature: { type: 'number', exclusiveMinimum: 0, maximum: 100_000, default: 70 },
              clickValue: { type: 'number', exclusiveMinimum: 0 },
              episodeAuctions: { type: 'integer', minimum: 1, maximum: 1_000, default: 200 },
              budgetShare: { ...share, default: 0.125 },
            },
          },
          thinkMs: {
            type: 'object',
            additionalProperties: false,
            default: {},
            properties: {
              median: { type: 'number', exclusiveMinimum: 0, maximum: 10_000, default: 8 },
              sigma: { type: 'number', minimum: 0, maximum: 3, default: 0.4 },
              diurnal: { ...share, default: 0.3 },
            },
          },
        },
      },
    },
    sessions: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        requestsMean: { type: 'number', minimum: 1, maximum: 1_000, default: 8 },
        gapSec: { type: 'number', exclusiveMinimum: 0, maximum: 3_600, default: 20 },
      },
    },
    fatigue: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        creative: { ...strength, default: 0.05 },
        campaign: { ...strength, default: 0.1 },
        advertiser: { ...strength, default: 0.1 },
        halfLifeHours: { type: 'number', exclusiveMinimum: 0, maximum: 8_760, default: 24 },
      },
    },
    network: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: { nearestShare: { type: 'number', exclusiveMinimum: 0, maximum: 1, default: 0.05 } },
    },
  },
} as const;

/** Each is known by how active it is from the start. */
const USERS_MAX = 10_000_000;

/** What the schema cannot say; the path is from the top of the world's scenario. */
export function problemOfDemand(
  { dsps }: MarketOptions,
  { requestsPerSec, users }: { readonly requestsPerSec: number; readonly users: number },
): { readonly path: readonly (string | number)[]; readonly text: string } | null {
  if (requestsPerSec === 0) return { path: ['traffic', 'requestsPerSec'], text: 'must be above 0 with market.demand' };
  if (users > USERS_MAX) return { path: ['traffic', 'users'], text: `must be at most ${USERS_MAX} with market.demand` };
  const path = ['market', 'demand', 'dsps'];
  const ids = new Set<string>();
  for (const [index, { id }] of dsps.entries()) {
    if (ids.has(id)) return { path: [...path, index, 'id'], text: `"${id}" names two groups` };
    ids.add(id);
  }
  if (dsps.every(({ policy }) => policy !== undefined)) {
    return { path, text: 'has no group without a policy: prices are made by those' };
  }
  return null;
}
