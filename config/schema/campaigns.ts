import { DEFAULT_PACING, PACING_CONTROLLERS } from '../../engine/budget/pacing/controllers.ts';
import { type ConfigSchema, choice, integer, number, section } from './kinds.ts';

export const CAMPAIGNS: ConfigSchema = section(
  'Campaigns of our own: booked, budgeted and paced here (docs/campaigns.md).',
  {
    enabled: {
      type: 'boolean',
      default: false,
      description:
        'Campaigns of our own are booked at `/admin/v1` (docs/admin.md) and take part in auctions. Off, nothing of this section has an effect.',
    },
    databaseUrl: {
      type: 'string',
      pattern: '^(postgres(ql)?://\\S+)?$',
      default: '',
      description:
        'PostgreSQL 14 or later, `postgres://user:password@host:5432/database`. Empty: PGlite in the data folder, for one process.',
      secret: true,
    },
    redisUrl: {
      type: 'string',
      pattern: '^(rediss?://\\S+)?$',
      default: '',
      description:
        'Redis in which all processes share budgets and what users have seen: one, no Cluster; its `maxmemory-policy` must be `noeviction`. Empty: each process has its own.',
      secret: true,
    },
    refreshIntervalMs: integer(1000, 50, 60_000, 'ms between two looks for changed bookings.'),
    pacingIntervalMs: integer(10_000, 1000, 60_000, 'ms from one correction of the pace of a campaign to the next.'),
    pacing: choice(
      DEFAULT_PACING,
      Object.keys(PACING_CONTROLLERS),
      'How the pace of campaigns is corrected (docs/pacing.md). What is guaranteed is paced by `pid`.',
    ),
    feePpm: integer(0, 0, 1_000_000, 'Our part of what is billed, in millionths; the publisher has the rest.'),
    held: section('How long money is held for a bill that does not come.', {
      bannerMs: integer(3_600_000, 1000, 604_800_000, 'ms for the impression of a banner; apps keep ads for a while.'),
      videoMs: integer(7_200_000, 1000, 604_800_000, 'ms for the impression of a video, which may be cached ahead.'),
      nativeMs: integer(3_600_000, 1000, 604_800_000, 'ms for the impression of a native ad.'),
      clickMs: integer(60_000, 1000, 2_592_000_000, 'ms for a click; one that comes later is paid from what is left.'),
      conversionMs: integer(900_000, 1000, 2_592_000_000, 'ms for a conversion, as for a click.'),
      backlogMs: integer(
        1_800_000,
        0,
        86_400_000,
        'ms that money is held for longer while events wait to be billed, since Kafka, database or `gavel consume` are away. Longer outages are our cost.',
      ),
      shareMin: number(
        1,
        0,
        1,
        'Of the price of a click or conversion, what an impression holds at least. Below 1 more is sold at once, and what more people do than was estimated is our cost.',
      ),
    }),
    alerts: section('When people should look at a campaign (docs/metrics.md).', {
      lowBalanceShare: number(0.1, 0, 1, 'Of its budget: with less than this left its balance is low.'),
      paceMin: number(0.8, 0, 1, 'Of its plan: with less than this spent it delivers too little.'),
    }),
    frequency: section('Frequency caps.', {
      secret: {
        type: 'string',
        default: '',
        pattern: '^$|^[\\x21-\\x7e]{16,256}$',
        description:
          'By which ids of users are hashed, 16 to 256 visible ASCII characters, the same in all processes. Empty: another one at each start, so caps begin anew.',
        secret: true,
      },
      unknownUser: choice('refuse', ['refuse', 'allow'], 'A user without an id, for campaigns with caps.'),
      silentStore: choice(
        'refuse',
        ['refuse', 'allow'],
        'What users have seen cannot be asked for, or is not known in time.',
      ),
      lifetimeMs: integer(
        7_776_000_000,
        3_600_000,
        31_536_000_000,
        'ms after the last impression that a `lifetime` cap counts.',
      ),
      usersMax: integer(
        200_000,
        1000,
        10_000_000,
        'Users known without a Redis; further ones are shown nothing that is capped.',
      ),
    }),
  },
);
