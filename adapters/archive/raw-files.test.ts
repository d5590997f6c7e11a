import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildOutcome, DSP_SALE, HOUSE_SALE, SAMPLES } from '../../engine/events/testing/build-events.ts';
import { buildAuctionEvent } from '../../engine/exchange/testing/build-auction-event.ts';
import { ALL_TIME, listRawFiles } from './layout.ts';
import { RAW_COLUMNS } from './raw-columns.ts';
import { rewriteRawFile, writeRawFiles } from './raw-files.ts';
import { archived, openTestArchive, stored, type TestArchive } from './testing/archive-folder.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 19, 30);
const NOW = { nowMs: NOW_MS, keptFromMs: 0 };

let archive: TestArchive;
beforeEach(async () => {
  archive = await openTestArchive();
});
afterEach(() => archive.dispose());

const write = (events: Parameters<typeof writeRawFiles>[2], when = NOW) =>
  writeRawFiles(archive.db, archive.folder, events, when);
const pathsOf = async () => (await listRawFiles(archive.folder, ALL_TIME)).map(({ path }) => path);

describe('a raw file', () => {
  it('has the columns of the documentation, in their order', async () => {
    await write(archived([SAMPLES.impression]));
    const [row] = await archive.rawRows('*');
    expect(Object.keys(row!)).toEqual(RAW_COLUMNS.map(({ name }) => name));
  });

  it('holds a row for each event of any type, with all of it as it was stored', async () => {
    const events = archived(Object.values(SAMPLES));
    await write(events);
    const rows = await archive.rawRows('type, payload');
    expect(rows).toEqual(events.map(({ type, payload }) => ({ type, payload: Buffer.from(payload).toString() })));
  });

  it('says of a sale who pays what whom', async () => {
    await write(
      archived([buildOutcome('impression', { sale: DSP_SALE }), buildOutcome('win', { sale: HOUSE_SALE })], 7),
    );
    expect(await archive.rawRows('* EXCLUDE (payload, imps, dsp_calls, bids, ending, answered_ms)')).toEqual([
      {
        id: 'auction-1/1/impression',
        type: 'impression',
        version: 1,
        auction_id: 'auction-1',
        imp_id: '1',
        user_key: 'k3J5bU9vT1m0hQe2fGZs7w',
        at_ms: 1_700_000_001_000n,
        is_test: false,
        source_partition: 0,
        source_offset: 7n,
        publisher_id: 'pub-1',
        placement_id: 'top',
        media: 'banner',
        payer: 'dsp',
        advertiser_id: 'shoes.example',
        campaign_id: 'c-9',
        line_item_id: '',
        creative_id: 'crid-7',
        dsp_id: 'dsp-1',
        seat: 'seat-1',
        billed_by: 'impression',
        amount_nanos: 1_500_000n,
        currency: 'USD',
        sold_at_ms: 1_700_000_000_000n,
        amount_impressions: null,
        account_id: null,
        pricing: 'cpm',
      },
      expect.objectContaining({ id: 'auction-1/1/win', payer: 'house', dsp_id: null, account_id: 'spring' }),
    ]);
  });

  it('keeps what is sold by the impression apart from money', async () => {
    const payer = { ...HOUSE_SALE.payer, unit: 'impressions' } as typeof HOUSE_SALE.payer;
    await write(archived([buildOutcome('impression', { sale: { ...HOUSE_SALE, payer, amount: 1 } })]));
    expect(await archive.rawRows('amount_nanos, amount_impressions')).toEqual([
      { amount_nanos: null, amount_impressions: 1n },
    ]);
  });

  it('has calls and bids of an auction as rows, whatever of them was stored once for all', async () => {
    const auction = buildAuctionEvent({
      ending: 'won',
      features: { ...buildAuctionEvent().features, imps: [{ impId: '1', placementId: 'top' }] as never },
      input: {
        currency: 'EUR',
        bids: [
          { dspId: 'one', impId: '1' },
          { dspId: 'two', impId: '1' },
        ],
      } as never,
      outcome: {
        wins: [],
        bids: [
          { bidIndex: 0, status: 'won', ecpmMicros: 2_000_000 },
          { bidIndex: 1, status: 'lost', ecpmMicros: 1_000_000.75 },
        ],
      } as never,
      dsps: [
        { dspId: 'one', result: 'bid', detail: '', latencyMs: 7.25, nbr: null, dropped: [] },
        { dspId: 'two', result: 'bid', detail: '', latencyMs: 9.5, nbr: null, dropped: [] },
      ],
    });
    await write(archived([auction]));
    const [row] = await archive.rawRows(
      'id, publisher_id, currency, ending, answered_ms, imps::JSON AS imps, dsp_calls::JSON AS calls, bids::JSON AS bids',
    );
    expect(row).toMatchObject({
      id: 'auction-1',
      publisher_id: 'pub-1',
      currency: 'EUR',
      ending: 'won',
      answered_ms: 21,
    });
    expect([row!.imps, row!.calls, row!.bids].map((json) => JSON.parse(json as string))).toEqual([
      [{ imp_id: '1', placement_id: 'top' }],
      [
        { dsp_id: 'one', result: 'bid', latency_ms: 7.25 },
        { dsp_id: 'two', result: 'bid', latency_ms: 9.5 },
      ],
      [
        { dsp_id: 'one', imp_id: '1', status: 'won', ecpm_micros: 2_000_000 },
        { dsp_id: 'two', imp_id: '1', status: 'lost', ecpm_micros: 1_000_000 },
      ],
    ]);
  });

  it('keeps what nobody can read, by when it came', async () => {
    const broken = [
      Buffer.from('{"type":"win"'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('{"type":"win","atMs":"now"}'),
    ];
    await write(broken.map((payload, index) => stored(payload, 'unknown', index + 1)));
    expect(await archive.rawRows('id, type, at_ms')).toEqual([
      { id: '0:1', type: 'unknown', at_ms: BigInt(NOW_MS) },
      { id: '0:2', type: 'unknown', at_ms: BigInt(NOW_MS) },
      { id: '0:3', type: 'win', at_ms: BigInt(NOW_MS) },
    ]);
  });
});

describe('the folder of a raw file', () => {
  it('is that of the hour, in UTC, in which the event happened', async () => {
    const times = [
      Date.UTC(2026, 10, 21, 23, 59, 59, 999),
      Date.UTC(2026, 10, 22),
      Date.UTC(2026, 10, 22, 0, 59, 59, 999),
    ];
    const written = await write(archived(times.map((atMs) => buildOutcome('click', { atMs }))));
    expect(written).toEqual({ rows: 3, files: 2, tooOld: 0 });
    const folders = (await pathsOf()).map((path) => path.slice(archive.folder.length + 1).replace(/part-.*/, ''));
    expect(folders).toEqual(['raw/day=2026-11-21/hour=23/', 'raw/day=2026-11-22/hour=00/']);
  });

  it('is left out for events from before what is kept', async () => {
    const hourMs = Date.UTC(2026, 10, 14, 19);
    const events = archived([hourMs - 1, hourMs].map((atMs) => buildOutcome('click', { atMs })));
    expect(await write(events, { nowMs: NOW_MS, keptFromMs: hourMs })).toEqual({ rows: 1, files: 1, tooOld: 1 });
    expect(await archive.rawRows('at_ms')).toEqual([{ at_ms: BigInt(hourMs) }]);
  });

  it('holds no unfinished file afterwards', async () => {
    await write(archived([SAMPLES.click]));
    const names = await readdir(join((await pathsOf())[0]!, '..'));
    expect(names).toEqual([expect.stringMatching(/^part-[0-9a-f-]{36}\.parquet$/)]);
  });
});

describe('rewriting a raw file', () => {
  it('replaces its rows under the same name', async () => {
    await write(archived([SAMPLES.click, SAMPLES.impression]));
    const before = await pathsOf();
    await rewriteRawFile(
      archive.db,
      before[0]!,
      'SELECT * REPLACE (NULL::VARCHAR AS user_key) FROM file WHERE type = $1',
      ['click'],
    );
    expect(await pathsOf()).toEqual(before);
    expect(await archive.rawRows('type, user_key')).toEqual([{ type: 'click', user_key: null }]);
  });

  it('leaves the file as it is when the query fails', async () => {
    await write(archived([SAMPLES.click]));
    const [path] = await pathsOf();
    const before = await readFile(path!);
    await expect(rewriteRawFile(archive.db, path!, 'SELECT nothing FROM file')).rejects.toThrow(/nothing/);
    expect(await readFile(path!)).toEqual(before);
    expect(await readdir(join(path!, '..'))).toHaveLength(1);
  });
});
