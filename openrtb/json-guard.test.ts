import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { decodeJsonText, guardJson, REQUEST_LIMITS } from './json-guard.ts';

const bytes = (text: string) => Buffer.from(text, 'utf8');
const codeOf = (text: string, limits = REQUEST_LIMITS) => guardJson(bytes(text), limits)?.code ?? null;
const list = (count: number, item = '1') => `[${Array.from({ length: count }, () => item).join(',')}]`;
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

describe('guardJson', () => {
  it.each([
    ['a small request', '{"id":"a","imp":[{"id":"1"}]}', null],
    ['an empty message', '', null],
    ['what is no JSON but breaks no limit', '<html>]]]}}', null],
    ['32 levels', nested(32), null],
    ['33 levels', nested(33), 'too-deep'],
    ['33 levels of objects', '{"a":'.repeat(33), 'too-deep'],
    ['brackets inside strings', JSON.stringify({ a: '['.repeat(100) }), null],
    ['brackets after an escaped quote', JSON.stringify({ a: `"${'['.repeat(100)}` }), null],
    [
      'brackets after an escaped quote far into a string',
      JSON.stringify({ a: `${'x'.repeat(90)}"${'['.repeat(90)}` }),
      null,
    ],
    ['brackets after a string that ends in a backslash', `{"a":"${'x'.repeat(90)}\\\\","b":${nested(40)}}`, 'too-deep'],
    ['500 items', `{"bcat":${list(500)}}`, null],
    ['501 items', `{"bcat":${list(501)}}`, 'too-many-items'],
    ['501 items deep inside', `{"a":{"b":[[${list(501)}]]}}`, 'too-many-items'],
    ['commas of nested arrays are counted apart', list(400, '[1,2,3]'), null],
    ['commas in strings are not counted', `{"a":[${JSON.stringify(','.repeat(900))}]}`, null],
    ['an object with 600 keys', `{${Array.from({ length: 600 }, (_, i) => `"k${i}":1`).join(',')}}`, null],
    ['64 imps', `{"imp":${list(64, '{}')}}`, null],
    ['65 imps', `{"imp":${list(65, '{}')}}`, 'too-many-imps'],
    ['65 imps behind white space', `{ "id":"a" , "imp" :\n ${list(65, '{}')}}`, 'too-many-imps'],
    ['65 items under a key that ends like imp', `{"x\\"imp":${list(65, '{}')}}`, null],
    ['65 items under imp elsewhere', `{"ext":{"imp":${list(65, '{}')}}}`, null],
    ['65 items after the imps', `{"imp":[{}],"bcat":${list(65)}}`, null],
  ])('%s', (_name, text, expected) => {
    expect(codeOf(text)).toBe(expected);
  });

  it('refuses by size first', () => {
    expect(guardJson(Buffer.alloc(REQUEST_LIMITS.bytesMax + 1, '['), REQUEST_LIMITS)?.code).toBe('too-large');
    expect(guardJson(Buffer.alloc(REQUEST_LIMITS.bytesMax, ' '), REQUEST_LIMITS)).toBeNull();
  });

  it('refuses invalid UTF-8', () => {
    expect(guardJson(Buffer.from([0x22, 0xc3, 0x28, 0x22]), REQUEST_LIMITS)?.code).toBe('not-utf8');
    expect(guardJson(Buffer.from('{"id":"a"}', 'utf16le'), REQUEST_LIMITS)).toBeNull();
  });

  it('reads a view into a larger buffer', () => {
    const whole = bytes(`${nested(40)}{"id":"a"}`);
    expect(guardJson(new Uint8Array(whole.buffer, whole.byteOffset + 80, 10), REQUEST_LIMITS)).toBeNull();
  });

  it('stops at the first bracket too many, whatever follows', () => {
    const limits = { ...REQUEST_LIMITS, bytesMax: 1_000_000 };
    const body = bytes('['.repeat(400_000));
    guardJson(body, limits);
    const startNs = process.hrtime.bigint();
    expect(guardJson(body, limits)?.code).toBe('too-deep');
    expect(Number(process.hrtime.bigint() - startNs) / 1e6).toBeLessThan(1);
  });
});

describe('decodeJsonText', () => {
  it('takes off a byte order mark', () => {
    expect(decodeJsonText(bytes('\ufeff{"id":"ä"}'))).toBe('{"id":"ä"}');
    expect(decodeJsonText(bytes('{"id":"ä"}'))).toBe('{"id":"ä"}');
  });
});
