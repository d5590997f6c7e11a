import { type ConfigSchema, DAY_MS, integer, section } from './kinds.ts';

export const RETENTION: ConfigSchema = section(
  'For how long rows of the database are kept that are not money (docs/privacy.md).',
  {
    deadLettersMs: integer(
      30 * DAY_MS,
      DAY_MS,
      3650 * DAY_MS,
      'ms: events that could not be booked, for people to look at.',
    ),
    billingNoticesMs: integer(
      7 * DAY_MS,
      3_600_000,
      365 * DAY_MS,
      'ms: billing notices to DSPs that nobody has called, and then nobody will.',
    ),
    deletionsMs: integer(2557 * DAY_MS, 30 * DAY_MS, 36_500 * DAY_MS, 'ms: certificates of deletion; 7 years.'),
  },
);
