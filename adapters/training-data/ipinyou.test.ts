import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { emptyRateTables } from '../../engine/estimation/features/rate-tables.ts';
import { FEATURE_COUNT } from '../../engine/estimation/features/schema.ts';
import { rowsWithRates } from '../../engine/estimation/features/training-rows.ts';
import { InputError } from './input-file.ts';
import { readIpinyou } from './ipinyou.ts';

/** A made-up row; the columns of the format in order. */
function row(values: Partial<Record<string, string>>): string {
  const columns = {
    bidId: 'b1',
    timestamp: '20130606143059123',
    logType: '1',
    user: 'u1',
    userAgent: 'Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1)',
    ip: '192.0.2.*',
    region: '94',
    city: '95',
    exchange: '2',
    domain: 'd1',
    url: 'x',
    urlId: 'null',
    slot: 's1',
    width: '300',
    height: '250',
    visibility: '1',
    format: '0',
    floor: '50',
    creative: 'c1',
    bidPrice: '300',
    paidPrice: '77',
    keyPage: 'k1',
    advertiser: '1458',
    tags: '10006,11278',
    ...values,
  };
  return `${Object.values(columns).join('\t')}\n`;
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gavel-ipinyou-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function read(imp: string, clk: string, device: 'none' | 'coarse' = 'none', isWanted = (_day: string) => true) {
  writeFileSync(join(folder, 'imp.20130606.tsv.gz'), gzipSync(imp));
  writeFileSync(join(folder, 'clk.20130606.tsv'), clk);
  return readIpinyou({ folders: [folder], device, isWanted });
}

describe('logs in the format of iPinYou', () => {
  it('take each bid id once: the first click, and impressions that were not clicked', () => {
    const imp = row({ bidId: 'a' }) + row({ bidId: 'b' }) + row({ bidId: 'b' });
    const clk = row({ bidId: 'a', city: '1' }) + row({ bidId: 'a', city: '2' }) + row({ bidId: 'c' });
    const rows = read(imp, clk).map(({ id, isClicked, request }) => [id, isClicked, request.device?.geo?.city]);
    expect(rows).toEqual([
      ['b', false, '95'],
      ['a', true, '1'],
      ['c', true, '95'],
    ]);
  });

  it('tell a row as request and bid', () => {
    const [impression] = read(row({}), row({ bidId: 'other' }));
    expect(impression).toMatchObject({
      day: '20130606',
      atMs: Date.UTC(2013, 5, 6, 6),
      request: { site: { domain: 'd1' }, device: { geo: { country: 'CHN', region: '94', utcoffset: 480 } } },
      imp: {
        tagid: 's1',
        banner: { format: [{ w: 300, h: 250 }], pos: 1 },
        instl: 0,
        bidfloor: 0.5,
        bidfloorcur: 'CNY',
      },
      bid: {
        creativeId: 'c1',
        advertiserDomains: ['1458'],
        seat: 'k1',
        width: 300,
        height: 250,
        declaredMedia: 'banner',
      },
    });
  });

  it.each([
    ['none', false],
    ['coarse', true],
  ] as const)('what leaks or differs between the logs changes no feature, device %s', (device, tellsFamilies) => {
    const leaks = {
      paidPrice: '0',
      tags: 'null',
      user: 'u2',
      logType: '2',
      timestamp: '20130606140000000',
      ip: '',
      bidPrice: '1',
    };
    const impressions = read(
      row({ bidId: 'a' }),
      row({ ...leaks, bidId: 'b' }) +
        row({ bidId: 'c', userAgent: 'Mozilla/5.0 (iPad; CPU OS 7_0) Version/7.0 Safari/1' }),
      device,
    );
    const rows = rowsWithRates(impressions, emptyRateTables());
    const features = (index: number) => rows.subarray(index * FEATURE_COUNT, (index + 1) * FEATURE_COUNT);
    expect(features(1)).toEqual(features(0));
    const changed = features(2).filter((value, at) => !Object.is(value, features(0)[at]));
    expect(changed.length > 0).toBe(tellsFamilies);
  });

  it('keep the days that are wanted', () => {
    const imp = row({ bidId: 'a' }) + row({ bidId: 'b', timestamp: '20130607000000000' });
    const rows = read(imp, row({ bidId: 'c' }), 'none', (day) => day === '20130607');
    expect(rows.map(({ id }) => id)).toEqual(['b']);
  });

  it('are refused when a row is short or there are none', () => {
    expect(() => read('a\tb\n', row({}))).toThrow(InputError);
    rmSync(join(folder, 'imp.20130606.tsv.gz'));
    expect(() => readIpinyou({ folders: [folder], device: 'none', isWanted: () => true })).toThrow(InputError);
  });
});
