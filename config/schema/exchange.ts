import { type ConfigSchema, CURRENCY, section, TEXTS, text } from './kinds.ts';

export const EXCHANGE: ConfigSchema = section('Who we are towards buyers.', {
  domain: text('gavel.example', 'Our domain in the supply chain (schain node `asi`).'),
  sellerId: text('gavel', 'Our account in that node (`sid`) where the publisher has no id; at most 64 characters.'),
  currency: { ...CURRENCY, default: 'USD', description: 'Currency of floors, increments and learned reserves.' },
  forwardedExtensions: {
    type: 'array',
    default: ['gpid', 'tid', 'data', 'skadn', 'gpc', 'dsa', 'amp', 'atts', 'igs', 'segtax', 'segclass'],
    items: TEXTS,
    description: 'Keys of publisher `ext` objects that DSPs may see; the rest stays here.',
  },
});
