import { QUIRK_NAMES } from '../../engine/dsp/quirks.ts';
import { type ConfigSchema, choice, HEADERS, list, optionalInteger, STRICTNESS, TEXTS } from './kinds.ts';

export const DSPS: ConfigSchema = list(
  {
    type: 'object',
    additionalProperties: false,
    required: ['id', 'url'],
    properties: {
      id: {
        type: 'string',
        pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$',
        description: 'Name in metrics, logs and events.',
      },
      url: { type: 'string', pattern: '^https?://[^\\s@]+$', description: 'Bid endpoint.', secret: true },
      version: choice('2.6', ['2.5', '2.6'], 'OpenRTB version it is sent.'),
      timeoutMs: optionalInteger(1, 10_000, 'ms; overrides the default.'),
      callsPerSecond: optionalInteger(1, 1_000_000, 'Overrides the default.'),
      callsPerSecondMax: optionalInteger(1, 1_000_000, 'Agreed limit of calls per second; absent = none.'),
      strictness: choice('default', STRICTNESS, 'How its answers are judged.'),
      pricing: choice(
        'cpm',
        ['cpm', 'cpc', 'cpa'],
        'What its prices mean: per mille or, by agreement, per click or per conversion.',
      ),
      quality: {
        type: 'number',
        default: 1,
        exclusiveMinimum: 0,
        maximum: 10,
        description: 'Relevance factor on the rank of its CPC and CPA bids; 1 = neutral. No part of the price.',
      },
      gzipRequests: { type: 'boolean', default: false, description: 'It agreed to gzipped requests.' },
      headers: {
        ...HEADERS,
        description:
          'Extra request headers, e.g. authorization; not those that the engine sets (host, content-*, ...).',
      },
      quirks: list(
        { type: 'string', enum: QUIRK_NAMES },
        'Wishes no protocol version covers, see engine/dsp/quirks.ts.',
      ),
      blockedAdvertisers: list(TEXTS, 'Added to `badv` for this DSP, and enforced.'),
      blockedCategories: list(TEXTS, 'Added to `bcat` for this DSP, and enforced; ids of content taxonomy 1.0.'),
    },
  },
  'The DSPs to ask.',
);
