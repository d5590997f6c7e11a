import { describe, expect, it } from 'vitest';
import { ModelFormatError } from '../models/model-format-error.ts';
import { rateKeyName } from './declare.ts';
import { readRateTables } from './rate-tables.ts';
import { RATE_KEYS } from './schema.ts';

const NAMES = RATE_KEYS.map(rateKeyName);
const EMPTY = { keys: [], lifts: [], impressions: [] };
const data = Object.fromEntries(NAMES.map((name) => [name, EMPTY]));
const filled = { ...data, country: { keys: [7], lifts: [0.5], impressions: [3] } };

describe('tables out of a file', () => {
  it.each([
    ['packed', JSON.stringify(filled)],
    ['with blanks between', ` ${JSON.stringify(filled, null, 2)}\n`],
    ['in another order', JSON.stringify(Object.fromEntries(Object.entries(filled).reverse()))],
  ])('are read: %s', (_, text) => {
    const tables = readRateTables(text);
    expect([...tables.keys()].sort()).toEqual([...NAMES].sort());
    const table = tables.get('country')!;
    expect(table.lifts[table.placeOf(7)]).toBe(0.5);
  });

  const text = JSON.stringify(data);
  const { country: _, ...others } = data;
  it.each([
    ['nothing', ''],
    ['no object', '[]'],
    ['an empty object', '{}'],
    ['one that is cut', text.slice(0, -1)],
    ['more after its end', `${text}{}`],
    ['two commas', text.replace('},', '},,')],
    ['a comma at the end', text.replace(/\}\}$/, '},}')],
    ['no comma', text.replace('},', '}')],
    ['a table too few', JSON.stringify(others)],
    ['a table too many', JSON.stringify({ ...data, moon: EMPTY })],
    ['a table twice', text.replace(/\}\}$/, `},"country":${JSON.stringify(EMPTY)}}`)],
    ['a table in a table', JSON.stringify({ ...data, country: { ...EMPTY, keys: {} } })],
    ['a table that is none', JSON.stringify({ country: 3, ...others })],
    ['a name of the prototype', text.replace('"country"', '"__proto__"')],
  ])('are refused: %s', (_name, bad) => {
    expect(() => readRateTables(bad)).toThrow(ModelFormatError);
  });
});
