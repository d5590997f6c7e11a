/** The `market` section of a world. */

export interface MarketOptions {
  /** Folder of real logs that the market is made like; null: our own invention. */
  readonly datasets: string | null;
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
  /** Of each member, in the exchange's currency; null: none. */
  readonly dailyBudget: number | null;
  /** Null: it answers every call. */
  readonly callsPerSecMax: number | null;
  readonly thinkMs: { readonly median: number; readonly sigma: number; readonly diurnal: number };
}

const share = { type: 'number', minimum: 0, maximum: 1 } as const;
const strength = { type: 'number', minimum: 0, maximum: 5 } as const;

/** JSON Schema; its defaults are the only ones. */
export const marketSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    datasets: { type: ['string', 'null'], minLength: 1, default: null },
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
          dailyBudget: { type: ['number', 'null'], exclusiveMinimum: 0, default: null },
          callsPerSecMax: { type: ['integer', 'null'], minimum: 1, default: null },
          thinkMs: {
            type: 'object',
            additionalProperties: false,
            default: {},
            properties: {
              median: { type: 'number', exclusiveMinimum: 0, maximum: 10_000, default: 15 },
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
        creative: { ...strength, default: 0.15 },
        campaign: { ...strength, default: 0.1 },
        advertiser: { ...strength, default: 0.1 },
        halfLifeHours: { type: 'number', exclusiveMinimum: 0, maximum: 8_760, default: 24 },
      },
    },
    network: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: { nearestShare: { type: 'number', exclusiveMinimum: 0, maximum: 1, default: 0.15 } },
    },
  },
} as const;
