import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ConfigError, loadConfig } from './load.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gavel-yaml-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function load(text: string) {
  const file = join(folder, 'gavel.yaml');
  writeFileSync(file, text);
  return loadConfig({ file, environment: {}, overrides: {} });
}

/** Every list holds the one before ten times. */
const BOMB = [
  'a: &a [x, x, x]',
  ...['ab', 'bc', 'cd', 'de'].map(([below, name]) => `${name}: &${name} [${Array(10).fill(`*${below}`).join(', ')}]`),
].join('\n');

test.each([
  ['an alias that names nothing', 'server: *nothing\n', ':1: Unresolved alias'],
  ['aliases that unfold without end', BOMB, ':1: Excessive alias count'],
  ['two documents', '--- {}\n--- {}\n', ':2: '],
  ['a prototype key', '__proto__: {port: 1}\n', ':1: __proto__: no such setting'],
])('%s refuses the configuration in one line', (_name, text, message) => {
  expect(() => load(text)).toThrow(ConfigError);
  expect(() => load(text)).toThrow(message);
  expect(() => load(text)).toThrow(/^\S*gavel\.yaml:\d+: [^\n]*$/);
});

test.each([
  ['an empty file', ''],
  ['nothing but a comment', '# later\n'],
  ['JSON', '{"server": {"port": 8080}}'],
])('%s is the defaults', (_name, text) => {
  expect(load(text)).toEqual(loadConfig({ file: null, environment: {}, overrides: {} }));
});

test('an alias is what it names', () => {
  expect(load('server: {port: &port 9}\nauction: {networkAllowanceMs: *port}\n').auction.networkAllowanceMs).toBe(9);
});
