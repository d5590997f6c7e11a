import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readCapture } from './capture-line.ts';
import { readCaptures } from './captures.ts';
import { loadPayloads } from './payloads.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gavel-captures-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function read(path: string): Promise<readonly object[]> {
  const captures: object[] = [];
  for await (const { place, ...capture } of readCaptures(path)) {
    captures.push({ ...capture, place: place.slice(folder.length + 1) });
  }
  return captures;
}

it.each([
  ['{"id":"1","at":2}', null, '{"id":"1","at":2}'],
  ['{"request":{"id":"1", "price":1.50},"atMs":1700000000123}', 1_700_000_000_123, '{"id":"1", "price":1.50}'],
  ['{"at":"2026-11-21T19:00:00Z","request" : {"id":"1"} }', Date.UTC(2026, 10, 21, 19), '{"id":"1"}'],
  ['{"at":5,"path":"/x","request":{"a":[{"request":{"b":"}"}}]},"more":[1,2]}', 5, '{"a":[{"request":{"b":"}"}}]}'],
  ['{"x":{"request":1},"note":"\\"request\\":","request":{"id":"\\u0041\\\\"}}', null, '{"id":"\\u0041\\\\"}'],
  ['{"request":{"big":12345678901234567890}}', null, '{"big":12345678901234567890}'],
  ['{"request":"text","atMs":1}', null, '{"request":"text","atMs":1}'],
  ['{"request":{"id":"1"},"at":"yesterday"}', null, '{"id":"1"}'],
  ['{"id":', null, '{"id":'],
])('of the line %s', (line, atMs, body) => {
  expect(readCapture(line)).toEqual({ atMs, body });
});

it('reads files of all formats, in name order, as they are', async () => {
  writeFileSync(join(folder, 'a.json'), '{ "id": "a" }\n');
  writeFileSync(join(folder, 'b.ndjson'), '{"id":"b1"}\n\n{"atMs":7,"request":{"id":"b2"}}\r\n');
  writeFileSync(join(folder, 'c.jsonl.gz'), gzipSync('{"id":"c"}'));
  writeFileSync(join(folder, 'd.json.gz'), gzipSync('broken'));
  writeFileSync(join(folder, 'readme.md'), '#');
  expect(await read(folder)).toEqual([
    { atMs: null, body: '{ "id": "a" }\n', place: 'a.json' },
    { atMs: null, body: '{"id":"b1"}', place: 'b.ndjson:1' },
    { atMs: 7, body: '{"id":"b2"}', place: 'b.ndjson:3' },
    { atMs: null, body: '{"id":"c"}', place: 'c.jsonl.gz:1' },
    { atMs: null, body: 'broken', place: 'd.json.gz' },
  ]);
  expect(loadPayloads(folder)).toHaveLength(5);
});

it.each(['cut.jsonl.gz', 'cut.json.gz'])('refuses %s by name', async (name) => {
  writeFileSync(join(folder, name), gzipSync('{"id":"c"}\n'.repeat(1000)).subarray(0, 20));
  await expect(read(folder)).rejects.toThrow(new RegExp(`${name}: `));
});

it('refuses what is not there, and what is none', async () => {
  await expect(read(join(folder, 'nothing'))).rejects.toThrow('nothing: does not exist');
  writeFileSync(join(folder, 'x.txt'), '');
  await expect(read(join(folder, 'x.txt'))).rejects.toThrow('is not a .json, .jsonl or .ndjson file');
});
