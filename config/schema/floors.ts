import { type ConfigSchema, list, optionalInteger, TEXTS } from './kinds.ts';

export const FLOORS: ConfigSchema = list(
  {
    type: 'object',
    additionalProperties: false,
    required: ['floorCpmMicros'],
    properties: {
      publisherId: { ...TEXTS, description: 'Publisher; absent = any.' },
      placementId: { ...TEXTS, description: 'imp.tagid; absent = any.' },
      country: { type: 'string', pattern: '^[A-Z]{3}$', description: 'ISO 3166-1 alpha-3; absent = any.' },
      size: { type: 'string', pattern: '^\\d+x\\d+$', description: 'First banner size; absent = any.' },
      mediaType: { type: 'string', enum: ['banner', 'video', 'audio', 'native'], description: 'Absent = any.' },
      floorCpmMicros: optionalInteger(0, 1_000_000_000_000, 'Micros CPM in `exchange.currency`.'),
    },
  },
  'Floor rules; the most specific one that matches counts, and no two may name the same, see docs/auction.md.',
);
