import { expect, test } from 'vitest';
import { environmentOverrides, environmentVariables } from './environment.ts';
import { CONFIG_SCHEMA } from './schema.ts';

test.each([
  ['GAVEL_AUCTION_TMAX_DEFAULT_MS', '80', 'auction.tmaxDefaultMs', 80],
  ['GAVEL_LEARNED_RESERVE_CHANGE_RATIO_MAX', '0.5', 'learnedReserve.changeRatioMax', 0.5],
  ['GAVEL_AUCTION_FLOOR_RULES_BIND_DEALS', 'true', 'auction.floorRulesBindDeals', true],
  ['GAVEL_AUCTION_FLOOR_RULES_BIND_DEALS', 'false', 'auction.floorRulesBindDeals', false],
  ['GAVEL_DATA_DIRECTORY', '42', 'dataDirectory', '42'],
  // Left to the schema to refuse.
  ['GAVEL_SERVER_PORT', 'http', 'server.port', 'http'],
  ['GAVEL_SERVER_PORT', ' ', 'server.port', ' '],
  ['GAVEL_AUCTION_FLOOR_RULES_BIND_DEALS', 'yes', 'auction.floorRulesBindDeals', 'yes'],
])('%s=%s sets %s', (variable, text, path, value) => {
  expect(environmentOverrides({ [variable]: text })).toEqual([{ variable, path, value }]);
});

test('a variable of ours without setting is told, others are not looked at', () => {
  expect(environmentOverrides({ GAVEL_NONSENSE: '1', PATH: '/bin', GAVEL_SERVER_PORT: undefined })).toEqual([
    { variable: 'GAVEL_NONSENSE', path: null, value: '1' },
  ]);
});

test('no two settings share a variable, and lists have none', () => {
  const paths = [...environmentVariables().values()].map(({ path }) => path);
  expect(new Set(paths).size).toBe(paths.length);
  const lists = Object.entries(CONFIG_SCHEMA.properties!).filter(([, { type }]) => type === 'array');
  expect(lists.map(([name]) => name)).toContain('dsps');
  for (const [name] of lists) expect(paths.filter((path) => path.startsWith(name))).toEqual([]);
});
