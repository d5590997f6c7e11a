import { brotliCompressSync, deflateSync, gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { gzipBody, requestEncoding, wantsGzip } from './content-encoding.ts';

const TEXT = Buffer.from('{"id":"1"}');

describe('request encoding', () => {
  test.each([undefined, '', ' ', 'identity', 'IDENTITY'])('%j is plain', (header) => {
    expect(requestEncoding(header)).toEqual({ kind: 'plain' });
  });

  test.each(['zstd', 'gzip, gzip', 'constructor', '__proto__', 'gzip;q=1'])('%s is unknown', (header) => {
    expect(requestEncoding(header)).toEqual({ kind: 'unknown' });
  });

  test.each([
    ['gzip', gzipSync],
    ['GZIP ', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('%s is inflated, up to a bound', async (header, compress) => {
    const encoding = requestEncoding(header);
    if (encoding.kind !== 'compressed') throw new Error(`${header} is ${encoding.kind}`);
    const inflated = (maxOutputLength: number) =>
      new Promise((resolve, reject) => {
        encoding.inflate(compress(TEXT), { maxOutputLength }, (error, body) => (error ? reject(error) : resolve(body)));
      });
    expect(await inflated(TEXT.length)).toEqual(TEXT);
    await expect(inflated(TEXT.length - 1)).rejects.toMatchObject({ code: 'ERR_BUFFER_TOO_LARGE' });
  });
});

describe('response encoding', () => {
  test.each(['gzip', 'br, gzip', 'gzip;q=0.5', 'gzip ; q=1', 'deflate, X-GZIP', 'gzip;q=0.001'])(
    '%s wants gzip',
    (header) => {
      expect(wantsGzip(header, 1024)).toBe(true);
    },
  );

  test.each([undefined, '', 'br', 'identity', 'gzip;q=0', 'gzip; q=0.000', 'gzipped', '*'])('%j does not', (header) => {
    expect(wantsGzip(header, 1024)).toBe(false);
  });

  test('a small body stays plain', () => {
    expect(wantsGzip('gzip', 1023)).toBe(false);
  });

  test('a zipped body unzips to what it was', async () => {
    const zipped = await new Promise<Buffer>((resolve, reject) => {
      gzipBody(TEXT, (error, body) => (error ? reject(error) : resolve(body)));
    });
    expect(gunzipSync(zipped)).toEqual(TEXT);
  });
});
