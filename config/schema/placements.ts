import { type ConfigSchema, list, TEXTS } from './kinds.ts';

export const PLACEMENTS: ConfigSchema = list(
  {
    type: 'object',
    additionalProperties: false,
    required: ['id'],
    properties: {
      id: { ...TEXTS, description: 'imp.tagid.' },
      mechanism: {
        type: 'string',
        enum: ['first_price', 'gsp', 'vcg'],
        description: 'Overrides `at: 2` for this placement.',
      },
      slotWeights: {
        type: 'array',
        minItems: 1,
        maxItems: 20,
        items: { type: 'number', exclusiveMinimum: 0, maximum: 1 },
        description: 'Relative click weight of each position, best first, not rising; several = several winners.',
      },
    },
  },
  'Placements that differ from the rest.',
);
