/**
 * The one place where configuration is described: type, bound, default, unit and reason of every key. It validates files,
 * fills in defaults, names the environment variables and renders `docs/configuration.md`.
 */
import { RESERVE_ESTIMATORS } from '../engine/auction/reserve/estimator.ts';
import { DEFAULT_PACING, PACING_CONTROLLERS } from '../engine/budget/pacing/controllers.ts';
import { REMEMBERED_MAX } from '../engine/counters/counts.ts';
import { ADAPTIVE_TIMEOUT_DEFAULTS } from '../engine/dsp/adaptive-timeout.ts';
import { BREAKER_DEFAULTS } from '../engine/dsp/breaker.ts';
import { QUIRK_NAMES } from '../engine/dsp/quirks.ts';
import { ROTATION_DEFAULTS } from '../engine/dsp/rotation.ts';
import { SHAPER_DEFAULTS } from '../engine/dsp/shaping/shaper.ts';
import { THRESHOLD_DEFAULTS } from '../engine/dsp/shaping/threshold.ts';
import { WAITING_DEFAULTS } from '../engine/dsp/waiting/waiting-value.ts';
import { HORIZON_DEFAULTS, type Horizon } from '../engine/estimation/cache/horizons.ts';
import { LOCAL_ENTRIES_MAX, LOCAL_ENTRIES_MAX_DEFAULT } from '../engine/estimation/cache/local-predictions.ts';
import { PLAYBACK_POINTS } from '../engine/markup/tracked-codes.ts';
import { ADMISSION_DEFAULTS } from '../engine/traffic/admission/defaults.ts';
import { HEAP_SHARE_FREE } from '../engine/traffic/admission/utilisation.ts';
import { SHIPPED_MODEL_KEY } from './shipped-model.ts';

/** The part of JSON Schema used here. */
export interface ConfigSchema {
  readonly type: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, ConfigSchema>>;
  readonly additionalProperties?: boolean | ConfigSchema;
  readonly required?: readonly string[];
  readonly items?: ConfigSchema;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly pattern?: string;
  /** Masked wherever configuration is printed. */
  readonly secret?: boolean;
}

const NO_PROPERTIES = {};

function section(description: string, properties: Record<string, ConfigSchema>, required: string[] = []): ConfigSchema {
  return { type: 'object', description, default: NO_PROPERTIES, additionalProperties: false, properties, required };
}

function integer(standard: number, minimum: number, maximum: number, description: string): ConfigSchema {
  return { type: 'integer', default: standard, minimum, maximum, description };
}

function optionalInteger(minimum: number, maximum: number, description: string): ConfigSchema {
  return { type: 'integer', minimum, maximum, description };
}

function number(standard: number, minimum: number, maximum: number, description: string): ConfigSchema {
  return { type: 'number', default: standard, minimum, maximum, description };
}

/** How long a prediction is used. */
function horizons({ localMs, sharedMs, staleMs }: Horizon, description: string): ConfigSchema {
  return section(description, {
    localMs: integer(localMs, 1, 86_400_000, 'ms in the process that has it.'),
    sharedMs: integer(sharedMs, 1, 86_400_000, 'ms since the model said it, in all processes.'),
    staleMs: integer(staleMs, 1, 86_400_000, 'ms, while the model fails or is late, or the process sheds load.'),
  });
}

/** Above 0, up to 1. */
function share(standard: number, description: string): ConfigSchema {
  return { type: 'number', default: standard, exclusiveMinimum: 0, maximum: 1, description };
}

function text(standard: string, description: string): ConfigSchema {
  return { type: 'string', default: standard, minLength: 1, description };
}

function choice(standard: string, values: readonly string[], description: string): ConfigSchema {
  return { type: 'string', default: standard, enum: values, description };
}

/** Of a model for one kind of action; `actions` names it in the plural. */
function modelSettings(actions: string): Record<string, ConfigSchema> {
  return {
    source: choice(
      'none',
      ['none', 'bundle'],
      '`bundle`: a signed folder, scored in this process; `none`: bids rank by the priors.',
    ),
    directory: {
      type: 'string',
      default: '',
      description: `Folder of the bundle, replaced without a restart. Empty: the model that ships, trained on simulated ${actions}.`,
    },
    publicKeys: {
      type: 'array',
      default: [SHIPPED_MODEL_KEY],
      items: { type: 'string', pattern: '^[A-Za-z0-9+/]{43}=$' },
      description:
        'Ed25519 keys that may have signed it, base64 of 32 bytes; several while one is being replaced. The default signed the model that ships.',
    },
    versionMin: integer(
      0,
      0,
      Number.MAX_SAFE_INTEGER,
      'Least version that is taken: a bound against being rolled back over a restart.',
    ),
    reloadIntervalMs: integer(1000, 100, 3_600_000, 'ms between two looks whether the folder has changed.'),
  };
}

function list(items: ConfigSchema, description: string): ConfigSchema {
  return { type: 'array', default: [], items, description };
}

/** Of those that are hashed or signed with. */
const SECRET: ConfigSchema = { type: 'string', default: '', pattern: '^$|^[\\x21-\\x7e]{16,256}$', secret: true };
const TEXTS: ConfigSchema = { type: 'string', minLength: 1 };
const CURRENCY: ConfigSchema = { type: 'string', pattern: '^[A-Z]{3}$' };
const HEADERS: ConfigSchema = {
  type: 'object',
  default: NO_PROPERTIES,
  additionalProperties: { type: 'string', pattern: '^[^\\r\\n\\0]*$', secret: true },
  secret: true,
};
const STRICTNESS = ['strict', 'default', 'lenient'];
/** Never certain, like every estimate that may stand in its place. */
const PROBABILITY = { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 } as const;
const MIB = 1024 * 1024;
const DAY_MS = 86_400_000;
/** Upper bound of `server.workers`. */
export const WORKERS_MAX = 64;

export const CONFIG_SCHEMA: ConfigSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    server: section('Where publishers connect.', {
      host: text('127.0.0.1', 'Address to listen on. Loopback by default: opening it is a decision.'),
      port: integer(8080, 0, 65535, 'TCP port; 0 picks a free one.'),
      headersTimeoutMs: integer(
        1000,
        100,
        60_000,
        'ms a client may take to send its headers; slow clients hold sockets.',
      ),
      requestTimeoutMs: integer(2000, 100, 60_000, 'ms a client may take to send the whole request.'),
      idleTimeoutMs: integer(10_000, 100, 600_000, 'ms an idle connection is kept open.'),
      connectionsMax: integer(
        20_000,
        1,
        1_000_000,
        'Open client connections, and ad requests under way; the idlest connection makes room for one more.',
      ),
      drainIdleMs: integer(
        1000,
        0,
        2000,
        'ms a stopping engine still answers requests that come on open connections before it closes idle ones.',
      ),
      workers: integer(1, 1, WORKERS_MAX, 'Engine processes on the port; about one per core (docs/processes.md).'),
      publisherStrictness: choice('default', STRICTNESS, 'How publisher requests are judged, see docs/openrtb.md.'),
      warmUpAuctions: integer(
        300,
        0,
        100_000,
        'Auctions run on loopback before listening, so that the first real ones do not wait for the compiler; 0 = none.',
      ),
    }),
    campaigns: section('Campaigns of our own: booked, budgeted and paced here (docs/campaigns.md).', {
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
        bannerMs: integer(
          3_600_000,
          1000,
          604_800_000,
          'ms for the impression of a banner; apps keep ads for a while.',
        ),
        videoMs: integer(7_200_000, 1000, 604_800_000, 'ms for the impression of a video, which may be cached ahead.'),
        nativeMs: integer(3_600_000, 1000, 604_800_000, 'ms for the impression of a native ad.'),
        clickMs: integer(
          60_000,
          1000,
          2_592_000_000,
          'ms for a click; one that comes later is paid from what is left.',
        ),
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
    }),
    admin: section('Listener for people and their tools (docs/admin.md).', {
      host: text('127.0.0.1', 'Address to listen on; it speaks plain HTTP, so beyond loopback the token can be read.'),
      port: integer(8081, 0, 65535, 'TCP port; 0 picks a free one.'),
      token: {
        type: 'string',
        default: '',
        pattern: '^$|^[\\x21-\\x7e]{16,256}$',
        description:
          'Bearer token with all roles, 16 to 256 visible ASCII characters. Empty, and no `tokens`: the listener is not started.',
        secret: true,
      },
      tokens: list(
        {
          type: 'object',
          additionalProperties: false,
          required: ['name', 'token', 'roles'],
          properties: {
            name: {
              type: 'string',
              pattern: '^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$',
              description: 'Who the audit says did it.',
            },
            token: {
              type: 'string',
              pattern: '^[\\x21-\\x7e]{16,256}$',
              description: 'Bearer token.',
              secret: true,
            },
            roles: {
              type: 'array',
              minItems: 1,
              items: { type: 'string', enum: ['read', 'ops', 'money'] },
              description: '`read`: sees; `ops`: also changes; `money`: also sets budgets.',
            },
          },
        },
        'Further tokens with fewer roles.',
      ),
    }),
    dataDirectory: text('data', 'Folder for everything that must survive a restart.'),
    exchange: section('Who we are towards buyers.', {
      domain: text('gavel.example', 'Our domain in the supply chain (schain node `asi`).'),
      sellerId: text('gavel', 'Our account in that node (`sid`) where the publisher has no id; at most 64 characters.'),
      currency: { ...CURRENCY, default: 'USD', description: 'Currency of floors, increments and learned reserves.' },
      forwardedExtensions: {
        type: 'array',
        default: ['gpid', 'tid', 'data', 'skadn', 'gpc', 'dsa', 'amp', 'atts', 'igs', 'segtax', 'segclass'],
        items: TEXTS,
        description: 'Keys of publisher `ext` objects that DSPs may see; the rest stays here.',
      },
    }),
    auction: section('How an auction runs and clears.', {
      tmaxDefaultMs: integer(100, 10, 5000, 'ms for a request that names no tmax: the p95 target of a whole request.'),
      tmaxMaxMs: integer(1000, 10, 10_000, 'ms; a larger tmax is cut to this, since every open auction holds memory.'),
      networkAllowanceMs: integer(5, 0, 1000, 'ms of tmax that the way to and from the publisher takes.'),
      decisionReserveMs: integer(3, 1, 1000, 'ms kept before the deadline for clearing and answering.'),
      progressive: {
        type: 'boolean',
        default: true,
        description: 'Close before the deadline once waiting for more bids is not worth it (docs/waiting.md).',
      },
      preliminaryAtMs: integer(
        WAITING_DEFAULTS.preliminaryMs,
        1,
        10_000,
        'ms after the calls went out at which that is asked first; every DSP has at least so long.',
      ),
      waitingCostMicrosPerMs: integer(
        WAITING_DEFAULTS.costMicrosPerMs,
        0,
        1_000_000_000,
        'Micros CPM that a ms of delay costs: usual price x the share of it that a slower answer loses. 0 waits for any gain.',
      ),
      secondPriceMechanism: choice('gsp', ['gsp', 'vcg'], 'How `at: 2` is charged where no placement says otherwise.'),
      incrementCpmMicros: integer(
        10_000,
        0,
        1_000_000_000,
        'Micros CPM above the runner-up; 10000 = 0.01, the usual cent.',
      ),
      incrementClickMicros: integer(10_000, 0, 1_000_000_000, 'The same per click, for CPC winners.'),
      incrementConversionMicros: integer(10_000, 0, 1_000_000_000, 'The same per conversion, for CPA winners.'),
      maximumCpmMicros: integer(
        1_000_000_000,
        1,
        1_000_000_000_000,
        'Micros CPM; a dearer bid is a mistake and is refused. 1e9 = 1000.00.',
      ),
      dealOrder: choice(
        'deal_first',
        ['deal_first', 'price_first'],
        'Whether a deal bid beats every open bid, or eCPM alone decides.',
      ),
      floorRulesBindDeals: {
        type: 'boolean',
        default: false,
        description: 'Whether configured and learned floors bind deal bids too; a deal has its own floor.',
      },
      missingCreativeId: choice('accept', ['accept', 'refuse'], 'Bids without `crid`.'),
      missingAdvertiserDomain: choice(
        'accept',
        ['accept', 'refuse'],
        'Bids without `adomain`: blocks cannot be checked on them.',
      ),
      missingCategory: choice('accept', ['accept', 'refuse'], 'Bids without `cat` when the request has bcat or acat.'),
      bannerSize: choice('enforce', ['enforce', 'ignore'], 'Whether a banner must have an offered size.'),
    }),
    floors: list(
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
    ),
    learnedReserve: section('Reserve prices learned from bids, per placement (docs/auction.md).', {
      estimator: choice(
        'empirical',
        ['off', ...Object.keys(RESERVE_ESTIMATORS)],
        "How Myerson's r* is estimated; `empirical` assumes no shape.",
      ),
      windowSize: integer(
        2000,
        100,
        10_000,
        'Latest bids per placement that are looked at; a window is estimated in one go, so it is bounded.',
      ),
      observationsMin: integer(500, 30, 1_000_000, 'Bids before the first reserve: fewer make it noise.'),
      changeRatioMax: {
        type: 'number',
        default: 0.1,
        exclusiveMinimum: 0,
        maximum: 1,
        description: 'Largest relative change per step, so that one odd window cannot empty a placement.',
      },
      stepIntervalMs: integer(10_000, 100, 3_600_000, 'ms between two steps.'),
      placementsMax: integer(
        10_000,
        1,
        1_000_000,
        'Placements remembered; a placement must be seen often to make one that is not seen any more give way.',
      ),
    }),
    placements: list(
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
    ),
    estimation: section('Estimates used for ranking.', {
      clickPriors: section('Click probability per impression where no model scores a bid; ranks CPC and CPA bids.', {
        banner: { ...PROBABILITY, default: 0.001, description: 'Field average of display, about 0.1%.' },
        video: { ...PROBABILITY, default: 0.004, description: 'In-stream video.' },
        audio: { ...PROBABILITY, default: 0.0005, description: 'Audio.' },
        native: { ...PROBABILITY, default: 0.002, description: 'In-feed native.' },
      }),
      conversionPriors: section('Conversion probability per click where no model scores a bid; ranks CPA bids.', {
        banner: { ...PROBABILITY, default: 0.01, description: 'Field average of display, about 1%.' },
        video: { ...PROBABILITY, default: 0.01, description: 'In-stream video.' },
        audio: { ...PROBABILITY, default: 0.01, description: 'Audio.' },
        native: { ...PROBABILITY, default: 0.01, description: 'In-feed native.' },
      }),
      model: section('The model that estimates the clicks of CPC and CPA bids (docs/estimation.md).', {
        ...modelSettings('clicks'),
        source: choice(
          'none',
          ['none', 'bundle', 'remote'],
          '`bundle`: a signed folder, scored in this process; `remote`: a model server, behind a cache; `none`: bids rank by the priors.',
        ),
        remote: section('A server of the Open Inference Protocol v2: Triton, KServe, MLServer. For `source: remote`.', {
          url: {
            type: 'string',
            pattern: '^(https?://[^\\s@]+)?$',
            default: '',
            description: 'Where it listens, e.g. `http://models:8080`. Calls go to `/v2/models/{model}` below it.',
            secret: true,
          },
          model: text('clicks', 'Name of the model there.'),
          headers: { ...HEADERS, description: 'Sent with every call, e.g. authorization.' },
          ratesFile: {
            type: 'string',
            default: '',
            description:
              'The `rates.json` that the model was trained with (docs/models.md). Empty: every rate is average.',
          },
          budgetMs: integer(
            20,
            1,
            1000,
            'ms that an auction waits for an estimate, from when it asks; never beyond its deadline.',
          ),
          callTimeoutMs: integer(
            1000,
            10,
            60_000,
            'ms after which a call is given up. Longer than the budget: a late answer serves the next request.',
          ),
          gatherMs: integer(5, 0, 100, 'ms that a row waits for others to be asked together.'),
          batchRowsMax: integer(32, 1, 1000, 'Rows of a call at most; a full one goes at once.'),
          callsMax: integer(8, 1, 1000, 'Calls under way at a time, per process.'),
        }),
        cache: section('What the model has said, kept for the next who ask. For `source: remote`.', {
          entriesMax: integer(
            LOCAL_ENTRIES_MAX_DEFAULT,
            1000,
            LOCAL_ENTRIES_MAX,
            'Keys held in each process; a prediction has two. Some 300 bytes each, without `redisUrl` 500.',
          ),
          refreshesPerSecondMax: integer(
            100,
            0,
            1_000_000,
            'Predictions in use that are asked again before they are too old, a second and process, and as many more for keys that something alike stands in for. 0: none of either.',
          ),
          warmUpMs: integer(
            2000,
            0,
            30_000,
            'ms for which a start may wait to fill the cache with what past auctions in its event log asked for. 0: it does not.',
          ),
          warmUpRowsMax: integer(1000, 1, 100_000, 'Predictions that a start asks for, the most frequent first.'),
          redisUrl: {
            type: 'string',
            pattern: '^(rediss?://\\S+)?$',
            default: '',
            description:
              'Redis in which all processes share predictions, `redis://host:6379`. Empty: each has its own.',
            secret: true,
          },
          exact: horizons(HORIZON_DEFAULTS.exact, 'What was said of exactly the same features.'),
          coarse: horizons(
            HORIZON_DEFAULTS.coarse,
            'What was said of the same advertiser in the same place, country, system and hour.',
          ),
        }),
        shadow: section(
          'A candidate that estimates a sample of won CPC bids behind their auctions and decides nothing.',
          {
            directory: {
              type: 'string',
              default: '',
              description: 'Folder of its bundle, judged like the one that is served. Empty: there is no candidate.',
            },
            share: share(0.1, 'Share of auctions won by CPC bids that it sees.'),
          },
        ),
      }),
      quality: section('Estimates compared with what happened (docs/estimate-quality.md).', {
        attributionWindowMs: integer(
          300_000,
          100,
          86_400_000,
          'ms after an auction within which a click counts and has to be reported.',
        ),
        awaitedMax: integer(
          50_000,
          1,
          10_000_000,
          'Impressions of one process whose outcome is awaited; those beyond are left out. About 0.3 KB each.',
        ),
        windowCount: integer(
          500_000,
          100,
          10_000_000,
          'Outcomes that figures look back on: at 0.1% of clicks the default has 500. 9 bytes each, for up to 4 models.',
        ),
        calibrationMin: number(0.85, 0.01, 1, 'Alert below this ratio of predicted to actual clicks.'),
        calibrationMax: number(1.15, 1, 100, 'Alert above it.'),
        aucMin: number(0.6, 0.5, 1, 'Alert below this AUC. That of won impressions is below that of all.'),
        clicksMin: integer(
          400,
          1,
          1_000_000,
          'Clicks before those are judged: with 400 the ratio has a standard error of 0.05.',
        ),
        fallbackShareMax: share(0.1, 'Alert above this share of auctions with click estimates that the fallback gave.'),
      }),
      conversionModel: section(
        'The model that estimates the conversions of CPA bids, given a click.',
        modelSettings('conversions'),
      ),
    }),
    currencies: section('Dated conversion table.', {
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
    }),
    dspDefaults: section('For every DSP that does not say otherwise.', {
      timeoutMs: integer(30, 1, 10_000, 'ms a DSP may take in all: connection, headers and body.'),
      timeoutMsMin: integer(5, 1, 10_000, 'ms; with less time left a call is not worth making.'),
      callsPerSecond: integer(
        500,
        1,
        1_000_000,
        'Expected peak; connections = calls x timeout (docs/architecture.md).',
      ),
      waitingMax: integer(32, 0, 100_000, 'Calls that may wait for a free connection.'),
      connectTimeoutMs: integer(1000, 10, 60_000, 'ms for TCP and TLS set-up.'),
      keepAliveMs: integer(30_000, 1000, 600_000, 'ms an idle connection to a DSP is kept.'),
    }),
    protection: section('How auctions are protected from sick DSPs, and DSPs from us (docs/fan-out.md).', {
      enabled: {
        type: 'boolean',
        default: true,
        description:
          'Off: every DSP is called with its configured timeout, however sick it is. For tests of single answers.',
      },
      timeoutQuantile: share(
        ADAPTIVE_TIMEOUT_DEFAULTS.quantile,
        'Share of calls that the adaptive timeout should suffice for.',
      ),
      timeoutHeadroom: number(
        ADAPTIVE_TIMEOUT_DEFAULTS.headroom,
        1,
        10,
        'The timeout is this times that quantile; never above the configured one.',
      ),
      timeoutExplorationShare: share(
        ADAPTIVE_TIMEOUT_DEFAULTS.explorationShare,
        'Share of calls that get the configured timeout all the same, to see the tail.',
      ),
      errorRatioMax: share(BREAKER_DEFAULTS.errorRatioMax, 'The breaker opens above this share of failed calls.'),
      errorWindowMs: integer(BREAKER_DEFAULTS.window.windowMs, 1000, 3_600_000, 'ms of calls that the breaker judges.'),
      backOffMs: integer(
        BREAKER_DEFAULTS.backOffMs,
        100,
        3_600_000,
        'ms of the first back-off; each relapse doubles it.',
      ),
      probeCount: integer(BREAKER_DEFAULTS.probeCount, 1, 100_000, 'Probes that a half-open breaker judges.'),
      probeSuccessRatioMin: share(
        BREAKER_DEFAULTS.probeSuccessRatioMin,
        'Share of them that must succeed to close it.',
      ),
      inTimeRatioMin: share(
        ROTATION_DEFAULTS.inTimeRatioMin,
        'A DSP that answers fewer calls in time leaves the rotation.',
      ),
    }),
    shaping: section('Which calls are worth making: no call that will hardly bring anything (docs/shaping.md).', {
      enabled: {
        type: 'boolean',
        default: false,
        description:
          'Off: every DSP is called for every request. On costs a little revenue and needs traffic to learn from.',
      },
      revenueLossMax: {
        type: 'number',
        default: THRESHOLD_DEFAULTS.lossTarget,
        minimum: 0.001,
        maximum: 0.5,
        description: 'Share of the revenue of calling everybody that skipping may cost.',
      },
      explorationShare: {
        type: 'number',
        default: THRESHOLD_DEFAULTS.explorationShare,
        minimum: 0.001,
        maximum: 1,
        description: 'Share of requests on which everybody is called, to learn and to measure the loss.',
      },
      answersMin: integer(
        SHAPER_DEFAULTS.warmUpAnswers,
        50,
        1_000_000,
        'Answers of a DSP before any of its calls is skipped.',
      ),
    }),
    admission: section('When ad requests are refused, so that those taken are answered in time (docs/overload.md).', {
      enabled: {
        type: 'boolean',
        default: true,
        description: 'Off: everything is taken, whatever becomes of it.',
      },
      limitInitial: integer(
        ADMISSION_DEFAULTS.concurrency.limitInitial,
        1,
        100_000,
        'Auctions that may be under way before the limit has learned; higher, a first burst finds no limit.',
      ),
      limitMin: integer(
        ADMISSION_DEFAULTS.concurrency.limitMin,
        1,
        100_000,
        'Least limit: with fewer under way the CPU idles while DSPs are waited for.',
      ),
      limitMax: integer(
        ADMISSION_DEFAULTS.concurrency.limitMax,
        1,
        100_000,
        'Largest limit: each auction under way holds memory.',
      ),
      latencyRatioMax: number(
        ADMISSION_DEFAULTS.concurrency.latencyRatioMax,
        1.05,
        10,
        'Own latency over its baseline that is no reason to shrink the limit; higher trades latency for goodput.',
      ),
      burstMax: integer(
        ADMISSION_DEFAULTS.burst.creditMax,
        0,
        100_000,
        'Requests let in above the limits before the first is refused; calm brings them back.',
      ),
      loopDelayMsMax: number(
        ADMISSION_DEFAULTS.pressure.loopDelayMsMax,
        1,
        1000,
        'ms an arrival waits for the event loop when the process is full.',
      ),
      queueAgeMsMax: number(
        ADMISSION_DEFAULTS.pressure.queueAgeMsMax,
        1,
        1000,
        'ms the oldest request waits for its first step when the process is full.',
      ),
      heapShareShed: {
        type: 'number',
        default: ADMISSION_DEFAULTS.pressure.heapShareShed,
        exclusiveMinimum: HEAP_SHARE_FREE,
        maximum: 1,
        description: 'Used share of the heap limit from which requests are refused.',
      },
      dwellMs: integer(
        ADMISSION_DEFAULTS.zones.dwellMs,
        0,
        600_000,
        'ms a zone is kept before it may be left downwards; shorter, the level swings.',
      ),
      valuedQuantile: share(
        ADMISSION_DEFAULTS.valued.quantile,
        'Requests worth more than this quantile of the latest are kept when others are refused.',
      ),
    }),
    dsps: list(
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
    ),
    notices: section('Win, loss and billing notices (docs/notices.md).', {
      allowedHosts: list(
        TEXTS,
        '`host` or `host:port` that may be called although it is not public https: for local use.',
      ),
      queueLengthMax: integer(10_000, 1, 1_000_000, 'Notices that wait; loss notices are dropped first.'),
      concurrencyMax: integer(64, 1, 10_000, 'Notices under way.'),
      timeoutMs: integer(1000, 10, 60_000, 'ms for one try.'),
    }),
    events: section('The outcome event log (docs/events.md).', {
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
      tracking: section(
        'Signed URLs in the markup of winners, by which we hear what became of them (docs/tracking.md).',
        {
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
        },
      ),
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
        rememberedMax: integer(
          4_000_000,
          1000,
          REMEMBERED_MAX,
          'Bills that are remembered, at most; about 10 bytes each.',
        ),
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
        lingerMs: integer(
          5,
          0,
          10_000,
          'ms that an event waits for others to go with it. Longer: fewer, larger batches.',
        ),
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
    }),
    archive: section('Events as Parquet files, and the reports over them (docs/archive.md).', {
      enabled: { type: 'boolean', default: true, description: 'Whether events are archived.' },
      besideEngine: {
        type: 'boolean',
        default: true,
        description:
          'Whether `gavel serve` starts a process that archives from its log. Otherwise, and always with Kafka, it is for `gavel consume`.',
      },
      folder: {
        type: 'string',
        default: '',
        description: 'Where the files are. Empty: `archive` in the data folder.',
      },
      flushMs: integer(10_000, 100, 600_000, 'ms that an event waits, at most, to be written with others.'),
      flushRows: integer(100_000, 1, 10_000_000, 'Events that are written at the latest when so many wait.'),
      flushBytes: integer(
        32 * MIB,
        1024,
        1024 * MIB,
        'Bytes of events that are written at the latest when so many wait.',
      ),
      reconcile: {
        type: 'boolean',
        default: true,
        description:
          'Whether whoever bills events compares each hour of the archive with the books, shortly after its end (docs/reconciliation.md). Of several, one is enough.',
      },
      rawDays: integer(7, 1, 3650, 'Days that events are kept as they are.'),
      hourlyDays: integer(90, 1, 3650, 'Days that their sums by hour are kept, not fewer than `rawDays`.'),
      threads: integer(1, 1, 64, 'Threads that write, sum up and report.'),
      memoryBytesMax: integer(
        256 * MIB,
        64 * MIB,
        1024 * 1024 * MIB,
        'Memory of each process that does; what does not fit goes to the disk.',
      ),
    }),
    counters: section('What events add up to, by windows of 10 s (docs/counters.md).', {
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
    }),
    privacy: section('Deletion of users (docs/privacy.md).', {
      deletions: {
        type: 'boolean',
        default: false,
        description:
          'Users are deleted on request (`/admin/deletions`): requests are kept in the database of `campaigns.databaseUrl`, also where neither campaigns are enabled nor events are billed. With either they always are.',
      },
    }),
    retention: section('For how long rows of the database are kept that are not money (docs/privacy.md).', {
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
    }),
    log: section('Process log, JSON lines on stderr.', {
      level: choice('info', ['fatal', 'error', 'warn', 'info', 'debug', 'silent'], 'Least severe level written.'),
    }),
  },
};
