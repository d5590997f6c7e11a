import { expect, test } from 'vitest';
import { effectiveConfig } from './effective.ts';
import { loadConfig } from './load.ts';
import type { Config, DspConfig } from './types.ts';

const DEFAULTS = loadConfig({ file: null, environment: {}, overrides: {} });
const dsp = (parts: object) => ({ id: 'a', ...parts }) as DspConfig;

test('without secrets it is the configuration', () => {
  expect(effectiveConfig(DEFAULTS)).toEqual(DEFAULTS);
});

test('secrets of every DSP are masked, the configuration itself is not changed', () => {
  const dsps = [
    dsp({ url: 'https://a.example/bid?token=canary', headers: { authorization: 'canary', 'x-key': 'canary' } }),
    dsp({ url: 'https://b.example/***', headers: {} }),
  ];
  const admin = { ...DEFAULTS.admin, token: 'canary-of-16-characters' };
  const config: Config = { ...DEFAULTS, admin, dsps };
  expect(effectiveConfig(config)).toMatchObject({
    admin: { port: 8081, token: '***' },
    dsps: [
      { id: 'a', url: 'https://a.example/***', headers: { authorization: '***', 'x-key': '***' } },
      { url: 'https://b.example/***', headers: {} },
    ],
  });
  expect(config.dsps[0]!.url).toBe('https://a.example/bid?token=canary');
});

test('secrets of the model server and the shared cache are masked', () => {
  const config = loadConfig({
    file: null,
    environment: {},
    overrides: {
      'estimation.model.source': 'remote',
      'estimation.model.remote.url': 'http://models:8080/canary',
      'estimation.model.remote.headers': { authorization: 'canary' },
      'estimation.model.cache.redisUrl': 'redis://:canary@redis:6379',
    },
  });
  expect(JSON.stringify(config)).toContain('canary');
  expect(JSON.stringify(effectiveConfig(config))).not.toContain('canary');
});
