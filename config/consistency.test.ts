import { describe, expect, test } from 'vitest';
import { checkConsistency } from './consistency.ts';
import { loadConfig } from './load.ts';
import type { Config } from './types.ts';

const DEFAULTS = loadConfig({ file: null, environment: {}, overrides: {} });

/** The defaults but for some settings of some sections. */
function config(sections: { readonly [section in keyof Config]?: unknown }): Config {
  const changed = Object.entries(sections).map(([section, settings]) => [
    section,
    Array.isArray(settings)
      ? settings.map(withDefaults)
      : { ...(DEFAULTS[section as keyof Config] as object), ...(settings as object) },
  ]);
  return { ...DEFAULTS, ...Object.fromEntries(changed) };
}

/** What the schema fills in for an entry of a list, as far as the rules ask for it. */
const withDefaults = (entry: object) => ({ headers: {}, url: 'http://dsp.example', ...entry });

const pathOf = (sections: Parameters<typeof config>[0]) => checkConsistency(config(sections))?.path ?? null;

test('the defaults agree with each other', () => {
  expect(checkConsistency(DEFAULTS)).toBeNull();
});

describe('ids', () => {
  test.each(['dsps', 'placements'] as const)('of %s differ', (list) => {
    expect(pathOf({ [list]: [{ id: 'a' }, { id: 'b' }] })).toBeNull();
    expect(pathOf({ [list]: [{ id: 'a' }, { id: 'b' }, { id: 'a' }] })).toBe(`${list}[2].id`);
  });
});

test.each(['model', 'conversionModel'] as const)('a bundle is signed by somebody: %s', (key) => {
  const { estimation } = DEFAULTS;
  const model = { ...estimation[key], source: 'bundle' as const, publicKeys: [] };
  expect(pathOf({ estimation: { ...estimation, [key]: model } })).toBe(`estimation.${key}.publicKeys`);
  expect(pathOf({ estimation: { ...estimation, [key]: { ...model, source: 'none' } } })).toBeNull();
});

test('a DSP has a URL that can be called', () => {
  expect(pathOf({ dsps: [{ id: 'a' }, { id: 'b', url: 'http://dsp.example:99999/bid?x=1' }] })).toBe('dsps[1].url');
  expect(pathOf({ dsps: [{ id: 'a', url: 'http://dsp.example:9999/bid?x=1' }] })).toBeNull();
});

test('a window holds the clicks that alerts wait for', () => {
  const quality = (settings: object) => ({
    estimation: { ...DEFAULTS.estimation, quality: { ...DEFAULTS.estimation.quality, ...settings } },
  });
  expect(pathOf(quality({ windowCount: 399, clicksMin: 400 }))).toBe('estimation.quality.windowCount');
  expect(pathOf(quality({ windowCount: 400, clicksMin: 400 }))).toBeNull();
});

describe('a model server', () => {
  const model = (remote: object, cache: object = {}) => ({
    estimation: {
      ...DEFAULTS.estimation,
      model: {
        ...DEFAULTS.estimation.model,
        source: 'remote' as const,
        remote: { ...DEFAULTS.estimation.model.remote, url: 'http://models:8080', ...remote },
        cache: { ...DEFAULTS.estimation.model.cache, ...cache },
      },
    },
  });

  test('is somewhere, and needs no key of a bundle', () => {
    expect(pathOf(model({}))).toBeNull();
    expect(pathOf(model({ url: '' }))).toBe('estimation.model.remote.url');
  });

  test.each(['http://x:99999', 'http://x/?a=1', 'http://x?', 'http://x/#models', 'http://[::1', 'http://'])(
    'is called by a URL to which a path can be added, not %s',
    (url) => {
      expect(pathOf(model({ url }))).toBe('estimation.model.remote.url');
      expect(pathOf(model({ url: 'https://x:8443/behind/a/path/' }))).toBeNull();
    },
  );

  test.each(['.', '..'])('is asked for a model by a name, not %s', (name) => {
    expect(pathOf(model({ model: name }))).toBe('estimation.model.remote.model');
  });

  test('is given at least the time that auctions wait', () => {
    expect(pathOf(model({ budgetMs: 100, callTimeoutMs: 99 }))).toBe('estimation.model.remote.callTimeoutMs');
  });

  test('gets headers that are headers, and not ours', () => {
    expect(pathOf(model({ headers: { authorization: 'x' } }))).toBeNull();
    expect(pathOf(model({ headers: { 'a b': 'x' } }))).toBe('estimation.model.remote.headers');
    expect(pathOf(model({ headers: { Host: 'x' } }))).toBe('estimation.model.remote.headers.Host');
  });

  test.each(['exact', 'coarse'])('is believed for longer in bad times: %s', (kind) => {
    expect(pathOf(model({}, { [kind]: { localMs: 1, sharedMs: 1, staleMs: 1 } }))).toBeNull();
    for (const horizon of [
      { localMs: 2, sharedMs: 1, staleMs: 3 },
      { localMs: 1, sharedMs: 3, staleMs: 2 },
    ]) {
      expect(pathOf(model({}, { [kind]: horizon }))).toBe(`estimation.model.cache.${kind}`);
    }
  });
});

test('the admin listener has a port of its own, where there is one', () => {
  const token = 'sixteen-characters';
  const server = { port: 9000 };
  expect(pathOf({ server, admin: { port: 9000, token } })).toBe('admin.port');
  expect(pathOf({ server, admin: { port: 9001, token } })).toBeNull();
  expect(pathOf({ server, admin: { port: 9000, token: '' } })).toBeNull();
  expect(pathOf({ server: { port: 0 }, admin: { port: 0, token } })).toBeNull();
});

test('slot weights may be level and must not rise', () => {
  expect(pathOf({ placements: [{ id: 'a', slotWeights: [1, 1, 0.5] }] })).toBeNull();
  expect(pathOf({ placements: [{ id: 'a' }, { id: 'b', slotWeights: [1, 0.5, 0.6] }] })).toBe(
    'placements[1].slotWeights',
  );
});

describe('headers of a DSP', () => {
  const pathWith = (name: string) =>
    pathOf({ dsps: [{ id: 'a' }, { id: 'b', headers: { accept: '*/*', [name]: 'x' } }] });

  test.each(['authorization', 'X-Api.Key', 'x_token', 'hosted-by', 'x-content-id'])('%j may be set', (name) => {
    expect(pathWith(name)).toBeNull();
  });

  test.each(['', 'two words', 'colon:', 'line\nbreak', 'ключ'])('%j is none', (name) => {
    expect(pathWith(name)).toBe('dsps[1].headers');
  });

  test.each([
    ...['Host', 'content-type', 'Content-Length', 'transfer-encoding', 'Connection', 'keep-alive'],
    ...['x-openrtb-version', 'Accept-Encoding'],
  ])("%j is the engine's", (name) => {
    expect(pathWith(name)).toBe(`dsps[1].headers.${name}`);
  });
});

test('floor rules differ in what they name', () => {
  const rule = { country: 'DEU', size: '300x250', floorCpmMicros: 1 };
  expect(
    pathOf({ floors: [rule, { ...rule, mediaType: 'banner' }, { country: 'DEU', floorCpmMicros: 1 }] }),
  ).toBeNull();
  expect(pathOf({ floors: [rule, { floorCpmMicros: 1 }, { ...rule, floorCpmMicros: 2 }] })).toBe('floors[2]');
  // The same text under another key is another thing.
  expect(pathOf({ floors: [{ publisherId: 'a' }, { placementId: 'a' }] })).toBeNull();
});

test('the exchange deals in a currency that has a rate', () => {
  const currencies = { base: 'USD', rates: { EUR: 0.9 } };
  expect(pathOf({ exchange: { currency: 'EUR' }, currencies })).toBeNull();
  expect(pathOf({ exchange: { currency: 'CHF' }, currencies })).toBe('exchange.currency');
});

describe('limits can be reached', () => {
  test.each<[string, Parameters<typeof config>[0], string | null]>([
    ['a default tmax as large as any', { auction: { tmaxDefaultMs: 1000, tmaxMaxMs: 1000 } }, null],
    ['a default tmax above any', { auction: { tmaxDefaultMs: 1001, tmaxMaxMs: 1000 } }, 'auction.tmaxDefaultMs'],
    ['least as long as longest', { dspDefaults: { timeoutMs: 5, timeoutMsMin: 5 } }, null],
    ['least longer than longest', { dspDefaults: { timeoutMs: 4, timeoutMsMin: 5 } }, 'dspDefaults.timeoutMsMin'],
    ['one DSP with the least time', { dsps: [{ id: 'a', timeoutMs: 5 }] }, null],
    ['one DSP with less', { dsps: [{ id: 'a' }, { id: 'b', timeoutMs: 4 }] }, 'dsps[1].timeoutMs'],
    ['just time for a call', { auction: { tmaxDefaultMs: 13, networkAllowanceMs: 5, decisionReserveMs: 3 } }, null],
    [
      'no time for a call',
      { auction: { tmaxDefaultMs: 12, networkAllowanceMs: 5, decisionReserveMs: 3 } },
      'auction.tmaxDefaultMs',
    ],
    ['two segments', { events: { segmentBytesMax: 10, totalBytesMax: 20 } }, null],
    ['less than two segments', { events: { segmentBytesMax: 10, totalBytesMax: 19 } }, 'events.totalBytesMax'],
    ['a window just enough', { learnedReserve: { windowSize: 100, observationsMin: 100 } }, null],
    [
      'a window too small',
      { learnedReserve: { windowSize: 100, observationsMin: 101 } },
      'learnedReserve.observationsMin',
    ],
  ])('%s', (_name, sections, path) => {
    expect(pathOf(sections)).toBe(path);
  });
});

describe('campaigns of our own', () => {
  const secret = { ...DEFAULTS.campaigns.frequency, secret: 'sixteen-characters' };
  const shared = { enabled: true, databaseUrl: 'postgres://db/gavel', redisUrl: 'redis://cache', frequency: secret };
  const workers = { workers: 2 };

  test.each([
    [
      'several workers without a PostgreSQL',
      { server: workers, campaigns: { enabled: true } },
      'campaigns.databaseUrl',
    ],
    [
      'several workers without a Redis',
      { server: workers, campaigns: { ...shared, redisUrl: '' } },
      'campaigns.redisUrl',
    ],
    ['a Redis without a PostgreSQL', { campaigns: { ...shared, databaseUrl: '' } }, 'campaigns.databaseUrl'],
    [
      'a Redis without a secret',
      { campaigns: { ...shared, frequency: DEFAULTS.campaigns.frequency } },
      'campaigns.frequency.secret',
    ],
    ['a DSP with the name of the house', { campaigns: { enabled: true }, dsps: [{ id: 'house' }] }, 'dsps[0].id'],
  ])('%s is refused', (_name, sections, path) => {
    expect(checkConsistency(config(sections))?.path).toBe(path);
  });

  test('may be alone, or share everything', () => {
    expect(checkConsistency(config({ campaigns: { enabled: true } }))).toBeNull();
    expect(checkConsistency(config({ server: workers, campaigns: shared }))).toBeNull();
  });
});

describe('a tracking key that another took the place of', () => {
  const of = (tracking: object) => pathOf({ events: { tracking: { ...DEFAULTS.events.tracking, ...tracking } } });
  const previousKey = 'sixteen-characters';

  test('counts until a moment that is named', () => {
    expect(of({ previousKey })).toBe('events.tracking.previousKeyUntil');
    expect(of({ previousKey, previousKeyUntil: '2026-13-01T00:00:00Z' })).toBe('events.tracking.previousKeyUntil');
    expect(of({ previousKey, previousKeyUntil: '2026-12-01T00:00:00Z' })).toBeNull();
    expect(of({ previousKey, key: previousKey })).toBe('events.tracking.previousKey');
  });
});

const NO_KAFKA = { brokers: '', tls: false, tlsCaFile: '', saslMechanism: 'none', saslUsername: '' };

test.each([
  ['no brokers', {}, null],
  ['brokers', { brokers: 'kafka-1:9092,[::1]:9093' }, null],
  ['a port that cannot be', { brokers: 'kafka-1:9092,kafka-2:99999' }, 'events.kafka.brokers'],
  ['certificates without TLS', { tlsCaFile: 'ca.pem' }, 'events.kafka.tlsCaFile'],
  ['certificates', { tlsCaFile: 'ca.pem', tls: true }, null],
  ['a proof by nobody', { saslMechanism: 'plain' }, 'events.kafka.saslUsername'],
  ['a proof', { saslMechanism: 'scram-sha-512', saslUsername: 'gavel', saslPassword: 'secret' }, null],
])('Kafka with %s', (_name, kafka, path) => {
  expect(pathOf({ events: { ...DEFAULTS.events, kafka: { ...NO_KAFKA, ...kafka } } })).toBe(path);
});
