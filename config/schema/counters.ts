import { REMEMBERED_MAX } from '../../engine/counters/counts.ts';
import { type ConfigSchema, integer, section } from './kinds.ts';

export const COUNTERS: ConfigSchema = section('What events add up to, by windows of 10 s (docs/counters.md).', {
  enabled: {
    type: 'boolean',
    default: true,
    description: 'Whether events are counted, where they are tracked.',
  },
  redisUrl: {
    type: 'string',
    pattern: '^(rediss?://\\S+)?$',
    default: '',
    description:
      'Redis in which all processes share counters; `gavel consume` counts only with one. Empty: the process that counts keeps them in its memory.',
    secret: true,
  },
  keptMs: integer(3_600_000, 60_000, 86_400_000, 'ms that a window is kept behind its end.'),
  thingsMax: integer(
    1000,
    1,
    100_000,
    'Ads, campaigns, placements and the like that are counted in a window, of each kind; further ones count as others.',
  ),
  rememberedMax: integer(
    1_000_000,
    1000,
    REMEMBERED_MAX,
    'Events that are known to be counted, so that the same told again is not; about 12 bytes each in Redis, 100 in memory.',
  ),
});
