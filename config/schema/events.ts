import { REMEMBERED_MAX } from '../../engine/counters/counts.ts';
import { PLAYBACK_POINTS } from '../../engine/markup/tracked-codes.ts';
import { type ConfigSchema, choice, integer, list, MIB, number, SECRET, section, text } from './kinds.ts';

export const EVENTS: ConfigSchema = section('The outcome event log (docs/events.md).', {
  segmentBytesMax: integer(64 * MIB, 1024, 1024 * MIB, 'Bytes per segment file.'),
  totalBytesMax: integer(4096 * MIB, 4096, Number.MAX_SAFE_INTEGER, 'Bytes of all segments.'),
  retention: choice(
    'remove-oldest',
    ['remove-oldest', 'refuse'],
    'What gives when the total is reached. What Kafka has not got is never removed.',
  ),
  syncIntervalMs: integer(
    1000,
    0,
    60_000,
    'ms between two syncs to the device: what a power cut may cost. A killed process loses nothing.',
  ),
  pendingBytesMax: integer(
    64 * MIB,
    1024,
    4096 * MIB,
    'Bytes that may wait for the log; beyond, events are refused and counted.',
  ),
  lossSampleRate: number(
    0.01,
    0,
    1,
    'Share of bids that did not win which get a `loss` event of their own; all are in the `auction` event.',
  ),
  userSecret: {
    ...SECRET,
    description:
      'By which ids of users are hashed in events, 16 to 256 visible ASCII characters, the same in all processes and for as long as events of one user shall be known as such. Empty: made once and kept in the data folder.',
  },
  tracking: section('Signed URLs in the markup of winners, by which we hear what became of them (docs/tracking.md).', {
    baseUrl: {
      type: 'string',
      default: '',
      pattern: '^$|^listening$|^https?://[A-Za-z0-9.:\\[\\]-]+(/[A-Za-z0-9._~/-]*[A-Za-z0-9._~-])?$',
      description:
        'Public address of this listener as browsers and apps reach it, `https://events.example.com`; `/event` comes behind it. `listening`: where the engine listens, for trying out. Empty: nothing is tracked, and there is no `/event`.',
    },
    key: {
      ...SECRET,
      description:
        'Signs, 16 to 256 visible ASCII characters, the same in all processes. Empty: made once and kept in the data folder.',
    },
    previousKey: {
      ...SECRET,
      description: 'Signed until `key` took its place, and is accepted until `previousKeyUntil`.',
    },
    previousKeyUntil: {
      type: 'string',
      default: '',
      pattern: '^$|^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,3})?Z$',
      description: 'UTC, `2026-12-01T00:00:00Z`: from then on `previousKey` is no key.',
    },
    playback: list(
      { type: 'string', enum: PLAYBACK_POINTS.filter((point) => point !== 'error') },
      'What is told of the playback of videos besides errors; each costs a URL in their markup.',
    ),
    clickAfterMs: integer(
      1_800_000,
      0,
      2_592_000_000,
      'ms that URLs of clicks live longer than those of impressions (`campaigns.held`, by media). A click of ours beyond `campaigns.held.clickMs` is stored, and nobody pays for it.',
    ),
    conversionMs: integer(
      86_400_000,
      1000,
      2_592_000_000,
      'ms after the sale that conversions are stored; beyond `campaigns.held.conversionMs` nobody pays for them.',
    ),
    underWayMax: integer(
      10_000,
      1,
      1_000_000,
      'Events of URLs that may be on their way to the log; beyond, 503. Auctions take none of these places.',
    ),
    rememberedMax: integer(
      200_000,
      1000,
      10_000_000,
      'Events that are remembered, so that the same told again is not stored again; about 100 bytes each.',
    ),
  }),
  billing: {
    type: 'boolean',
    default: false,
    description:
      'What events say is booked (docs/billing.md): in the database of `campaigns.databaseUrl`, also where campaigns are not enabled. With campaigns it always is.',
  },
  fastFilter: section('What is known to be billed does not get to the database again (docs/billing.md).', {
    redisUrl: {
      type: 'string',
      pattern: '^(rediss?://\\S+)?$',
      default: '',
      description: 'Redis of all that bill. Empty: the database is asked about everything.',
      secret: true,
    },
    rememberedMax: integer(4_000_000, 1000, REMEMBERED_MAX, 'Bills that are remembered, at most; about 10 bytes each.'),
  }),
  sellUnstored: choice(
    'dsps',
    ['dsps', 'nothing'],
    'What is sold while no event can be stored: bids of DSPs alone, or nothing. Campaigns of our own never.',
  ),
  kafka: section('Kafka, to which the log is the outbox (docs/events.md).', {
    brokers: {
      type: 'string',
      default: '',
      pattern: '^([^\\s,]+:\\d{1,5}(,[^\\s,]+:\\d{1,5})*)?$',
      description: '`host:port` of some brokers, with commas between them. Empty: events stay in the data folder.',
    },
    topicPrefix: {
      type: 'string',
      default: 'gavel.',
      pattern: '^[A-Za-z0-9._-]{0,200}$',
      description: 'Before the names of all topics, which `gavel topics apply` makes.',
    },
    clientId: text('gavel', 'Name in logs and quotas of the brokers.'),
    tls: { type: 'boolean', default: false, description: 'Whether brokers are spoken to over TLS.' },
    tlsCaFile: {
      type: 'string',
      default: '',
      description: 'Certificates to trust, in PEM. Empty: those of the system.',
    },
    saslMechanism: choice(
      'none',
      ['none', 'plain', 'scram-sha-256', 'scram-sha-512'],
      'How the engine proves who it is.',
    ),
    saslUsername: { type: 'string', default: '', description: 'With `saslMechanism`.' },
    saslPassword: { type: 'string', default: '', description: 'With `saslMechanism`.', secret: true },
    compression: choice('gzip', ['gzip', 'none'], 'Of batches on their way, and in the topic.'),
    lingerMs: integer(5, 0, 10_000, 'ms that an event waits for others to go with it. Longer: fewer, larger batches.'),
    batchBytesMax: integer(
      512 * 1024,
      1024,
      16 * MIB,
      'Bytes of the events of one batch before compression. A larger event goes alone.',
    ),
    bytesPerSecondMax: integer(
      16 * MIB,
      1024,
      4096 * MIB,
      'Bytes per second and process: what has gathered in an outage must harm neither engine nor brokers.',
    ),
    requestTimeoutMs: integer(10_000, 100, 300_000, 'ms that one answer of a broker is waited for.'),
  }),
});
