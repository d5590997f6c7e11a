import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { effectiveConfig } from './effective.ts';
import { environmentVariables } from './environment.ts';
import { loadConfig } from './load.ts';

function file(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'gavel-config-')), 'gavel.yaml');
  writeFileSync(path, text);
  return path;
}

const load = (text: string | null, environment = {}, overrides = {}) =>
  loadConfig({ file: text === null ? null : file(text), environment, overrides });

test('defaults alone are a whole configuration', () => {
  const config = load(null);
  expect(config.server).toMatchObject({ host: '127.0.0.1', port: 8080 });
  expect(config.dspDefaults.timeoutMs).toBe(30);
  expect(config.estimation.clickPriors.banner).toBe(0.001);
});

test('command line beats environment beats file beats default', () => {
  const text = 'server:\n  port: 1\n  host: 10.0.0.1\nauction:\n  tmaxDefaultMs: 70\n';
  const config = load(text, { GAVEL_SERVER_PORT: '2', GAVEL_AUCTION_TMAX_DEFAULT_MS: '80' }, { 'server.port': 3 });
  expect(config.server).toMatchObject({ port: 3, host: '10.0.0.1' });
  expect(config.auction.tmaxDefaultMs).toBe(80);
});

test('a DSP gets its defaults', () => {
  const config = load('dsps:\n  - id: one\n    url: https://dsp.example/bid\n');
  expect(config.dsps[0]).toMatchObject({ version: '2.6', strictness: 'default', headers: {}, quirks: [] });
});

test.each([
  ['server:\n  port: 99999\n', ':2: server.port: must be <= 65535, is 99999'],
  ['server:\n  prot: 1\n', ':2: server.prot: no such setting; known here: host, port'],
  ['server: [\n', ':2: '],
  ['- 1\n', ':1: root: must be a mapping'],
  ['dsps:\n  - id: a\n', ':2: dsps[0].url: is missing'],
  ['dsps:\n  - id: a\n    url: ftp://x\n', ':3: dsps[0].url: must match pattern'],
  ['dsps:\n  - {id: a, url: "http://x"}\n  - {id: a, url: "http://y"}\n', ':3: dsps[1].id: "a" is there twice'],
  [
    'auction:\n  dealOrder: sometimes\n',
    ':2: auction.dealOrder: must be one of deal_first, price_first, is "sometimes"',
  ],
  ['placements:\n  - id: p\n    slotWeights: [0.5, 1]\n', ':3: placements[0].slotWeights: must not rise'],
  [
    'dsps:\n  - id: a\n    url: http://x\n    headers:\n      accept: a\n      Host: b\n',
    ':6: dsps[0].headers.Host: is set by the engine itself',
  ],
  [
    'dsps:\n  - id: a\n    url: http://x\n    headers:\n      "a\\nb": c\n',
    ':5: dsps[0].headers: "a\\nb" is no HTTP header name',
  ],
  ['floors:\n  - floorCpmMicros: 1\n  - floorCpmMicros: 2\n', ':3: floors[1]: names the same as floors[0]'],
  ['exchange:\n  currency: EUR\n', ':2: exchange.currency: "EUR" has no rate'],
  ['learnedReserve:\n  windowSize: 100\n', 'learnedReserve.observationsMin: must not exceed'],
  ['server:\n  port: 1\n  port: 2\n', ':3: '],
])('refuses %j', (text, message) => {
  expect(() => load(text)).toThrow(message);
  expect(() => load(text)).toThrow(/^\S*gavel\.yaml:\d+: [^\n]*$/);
});

test('a missing file, an unknown variable and a bad value are named', () => {
  expect(() => loadConfig({ file: '/nowhere/gavel.yaml', environment: {}, overrides: {} })).toThrow(
    '/nowhere/gavel.yaml: cannot be read (ENOENT)',
  );
  expect(() => load(null, { GAVEL_SERVER_PROT: '1' })).toThrow('environment GAVEL_SERVER_PROT: no such setting');
  expect(() => load(null, { GAVEL_SERVER_PORT: 'http' })).toThrow(
    'environment GAVEL_SERVER_PORT: server.port: must be integer, is "http"',
  );
});

test('every scalar setting has a variable', () => {
  const names = [...environmentVariables().keys()];
  expect(names).toContain('GAVEL_DATA_DIRECTORY');
  expect(names).toContain('GAVEL_LEARNED_RESERVE_ESTIMATOR');
  expect(names).toContain('GAVEL_ESTIMATION_CLICK_PRIORS_VIDEO');
});

test('printing masks secrets and nothing else', () => {
  const config = load(
    'dsps:\n  - id: one\n    url: https://dsp.example/bid?token=canary\n    headers: {authorization: canary}\n',
  );
  const printed = JSON.stringify(effectiveConfig(config));
  expect(printed).not.toContain('canary');
  expect(printed).toContain('"url":"https://dsp.example/***"');
  expect(printed).toContain('"headers":{"authorization":"***"}');
  expect(printed).toContain('"tmaxDefaultMs":100');
});

describe('the rates of a model server are looked at before anything starts', () => {
  const withRates = (path: string) =>
    `estimation:\n  model:\n    source: remote\n    remote:\n      url: http://models:8080\n      ratesFile: ${path}\n`;

  test('those of the shipped model will do', () => {
    const shipped = join(import.meta.dirname, 'models', 'ctr', 'rates.json');
    expect(load(withRates(shipped)).estimation.model.remote.ratesFile).toBe(shipped);
  });

  test.each([
    ['/nowhere/rates.json', '/nowhere/rates.json cannot be read (ENOENT)'],
    ['/', '/ is not a regular file'],
    ['/dev/zero', '/dev/zero is not a regular file'],
    ['/etc/passwd', '/etc/passwd is no rates.json: rates'],
  ])('%s will not', (path, message) => {
    expect(() => load(withRates(path))).toThrow(`:6: estimation.model.remote.ratesFile: ${message}`);
  });

  test('and not at all where no model server is asked', () => {
    expect(() => load(withRates('/nowhere').replace('remote\n', 'none\n'))).not.toThrow();
  });
});

test.each([0, 1])('a prior is never certain: %s', (prior) => {
  expect(() => load(`estimation:\n  clickPriors:\n    banner: ${prior}\n`)).toThrow(
    /:3: estimation\.clickPriors\.banner: must be [<>] [01], is/,
  );
});
