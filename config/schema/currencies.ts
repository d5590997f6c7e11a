import { type ConfigSchema, CURRENCY, NO_PROPERTIES, section } from './kinds.ts';

export const CURRENCIES: ConfigSchema = section('Dated conversion table.', {
  asOf: {
    type: 'string',
    pattern: '^\\d{4}-\\d{2}-\\d{2}$',
    default: '2026-08-21',
    description: 'Day of the rates.',
  },
  base: { ...CURRENCY, default: 'USD', description: 'Currency the rates are relative to.' },
  rates: {
    type: 'object',
    default: NO_PROPERTIES,
    additionalProperties: { type: 'number', exclusiveMinimum: 0 },
    description:
      'Units of each currency per one unit of `base`. Empty: prices in other currencies are refused, never guessed.',
  },
});
