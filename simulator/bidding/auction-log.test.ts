import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readAuctionLog } from './auction-log.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gavel-bidding-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function read(content: string | Uint8Array): Promise<unknown[]> {
  const path = join(folder, 'log');
  writeFileSync(path, content);
  const seen: unknown[] = [];
  await readAuctionLog(path, {
    header: (header) => seen.push(header),
    episode: (number) => seen.push(number),
    auction: (auction) => seen.push(auction),
  });
  return seen;
}

const LOG = '560870\t1000\n1\n0\t51\t0.000345\n\n1 87  3e-4 12\r\n2\n0\t0\t1';
const SEEN = [
  { auctions: 560_870, episodeAuctions: 1000 },
  1,
  { isClicked: false, price: 51, ctr: 0.000345 },
  { isClicked: true, price: 87, ctr: 0.0003, time: 12 },
  2,
  { isClicked: false, price: 0, ctr: 1 },
];

it('reads header, episodes, tabs and blanks, with a time or without', async () => {
  expect(await read(LOG)).toEqual(SEEN);
});

it('reads gzip whatever the file is called', async () => {
  expect(await read(gzipSync(LOG))).toEqual(SEEN);
});

it('reads lines that are cut by the pieces of a file', async () => {
  const lines = Array.from({ length: 20_000 }, (_, at) => `0 ${at} 0.5`);
  const seen = await read(lines.join('\n'));
  expect(seen.map((auction) => (auction as { price: number }).price)).toEqual(lines.map((_, at) => at));
});

it.each([
  ['0 5 0.1\n2 5 0.1', 2, /click must be 0 or 1, is "2"/],
  ['0 -5 0.1', 1, /price must be a whole number of 0 or more, is "-5"/],
  ['0 5.5 0.1', 1, /price/],
  ['0 5 1.1', 1, /CTR must be a number from 0 to 1, is "1.1"/],
  ['0 5 0x1', 1, /CTR/],
  ['0 5 NaN', 1, /CTR/],
  ['\n0 5 0.1 noon', 2, /time/],
  ['0 5 0.1 1 1', 1, /5 fields/],
  ['0 5 0.1\n10 20', 2, /header, and stand in the first line/],
  ['10 0', 1, /auctions of an episode/],
  ['one', 1, /number of the episode/],
  [`0 5 0.1\n${'9'.repeat(100_000)}`, 2, /longer/],
])('names file and line of what is wrong: %#', async (content, line, problem) => {
  const message = await read(content).then(String, (error: Error) => error.message);
  expect(message).toContain(`${join(folder, 'log')}:${line}: `);
  expect(message).toMatch(problem);
});

it('checks episodes and header for readers that want none', async () => {
  const path = join(folder, 'log');
  writeFileSync(path, 'root:x:0\n');
  await expect(readAuctionLog(path, { auction: () => {} })).rejects.toThrow(/number of the episode/);
});

it('says that a file is cut off, or not there', async () => {
  await expect(read(gzipSync(LOG.repeat(10)).subarray(0, 40))).rejects.toThrow(/cannot be read: unexpected end/);
  await expect(readAuctionLog(join(folder, 'none'), { auction: () => {} })).rejects.toThrow(/there is no such file/);
});
