import { describe, expect, test } from 'vitest';
import type { Imp } from '../../openrtb/types.ts';
import { buildRequest } from '../exchange/testing/build-exchange.ts';
import { applyQuirks, QUIRK_NAMES, type Quirk } from './quirks.ts';

/** Imps come and go as JSON: quirks leave the types of the specification. */
function applied(quirks: readonly Quirk[], ...imp: Imp[]): unknown {
  const request = buildRequest({ imp });
  const before = structuredClone(request);
  const result = applyQuirks(request, quirks);
  expect(request).toEqual(before);
  return result.imp;
}

test('no quirk, no copy', () => {
  const request = buildRequest();
  expect(applyQuirks(request, [])).toBe(request);
});

test('native request as object', () => {
  const native = { request: '{"ver":"1.2","assets":[]}', ver: '1.2' };
  const banner = { w: 1, h: 1 };
  expect(applied(['native-request-as-object'], { id: '1', native }, { id: '2', banner })).toEqual([
    { id: '1', native: { request: { ver: '1.2', assets: [] }, ver: '1.2' } },
    { id: '2', banner },
  ]);
});

describe('banner size in w and h', () => {
  test('is that of the first format with a size, which stays', () => {
    const format = [
      { wratio: 1, hratio: 1 },
      { w: 300, h: 250 },
      { w: 320, h: 50 },
    ];
    expect(applied(['banner-size-in-w-h'], { id: '1', banner: { pos: 1, format } })).toEqual([
      { id: '1', banner: { pos: 1, format, w: 300, h: 250 } },
    ]);
  });

  test('is not touched where there is one, and not invented', () => {
    const imps: Imp[] = [
      { id: '1', banner: { w: 1, h: 2, format: [{ w: 3, h: 4 }] } },
      { id: '2', banner: { format: [{ wratio: 1, hratio: 1 }] } },
      { id: '3', video: { mimes: ['video/mp4'] } },
    ];
    expect(applied(['banner-size-in-w-h'], ...imps)).toEqual(imps);
  });
});

test('quirks add up', () => {
  const imp: Imp = { id: '1', banner: { format: [{ w: 3, h: 4 }] }, native: { request: '{"assets":[]}' } };
  expect(applied(QUIRK_NAMES, imp)).toEqual([
    { id: '1', banner: { format: [{ w: 3, h: 4 }], w: 3, h: 4 }, native: { request: { assets: [] } } },
  ]);
});
