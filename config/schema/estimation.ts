import { HORIZON_DEFAULTS, type Horizon } from '../../engine/estimation/cache/horizons.ts';
import { LOCAL_ENTRIES_MAX, LOCAL_ENTRIES_MAX_DEFAULT } from '../../engine/estimation/cache/local-predictions.ts';
import { SHIPPED_MODEL_KEY } from '../shipped-model.ts';
import { type ConfigSchema, choice, HEADERS, integer, number, section, share, text } from './kinds.ts';

/** Never certain, like every estimate that may stand in its place. */
const PROBABILITY = { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 } as const;

/** How long a prediction is used. */
function horizons({ localMs, sharedMs, staleMs }: Horizon, description: string): ConfigSchema {
  return section(description, {
    localMs: integer(localMs, 1, 86_400_000, 'ms in the process that has it.'),
    sharedMs: integer(sharedMs, 1, 86_400_000, 'ms since the model said it, in all processes.'),
    staleMs: integer(staleMs, 1, 86_400_000, 'ms, while the model fails or is late, or the process sheds load.'),
  });
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

export const ESTIMATION: ConfigSchema = section('Estimates used for ranking.', {
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
        description: 'The `rates.json` that the model was trained with (docs/models.md). Empty: every rate is average.',
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
        description: 'Redis in which all processes share predictions, `redis://host:6379`. Empty: each has its own.',
        secret: true,
      },
      exact: horizons(HORIZON_DEFAULTS.exact, 'What was said of exactly the same features.'),
      coarse: horizons(
        HORIZON_DEFAULTS.coarse,
        'What was said of the same advertiser in the same place, country, system and hour.',
      ),
    }),
    shadow: section('A candidate that estimates a sample of won CPC bids behind their auctions and decides nothing.', {
      directory: {
        type: 'string',
        default: '',
        description: 'Folder of its bundle, judged like the one that is served. Empty: there is no candidate.',
      },
      share: share(0.1, 'Share of auctions won by CPC bids that it sees.'),
    }),
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
});
