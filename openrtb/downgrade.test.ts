import { describe, expect, it } from 'vitest';
import { toVersion25 } from './downgrade.ts';
import { compileValidator } from './json-schema.ts';
import { createRequestReader } from './read-request.ts';
import type { BidRequest } from './types.ts';

const schain = { complete: 1, ver: '1.0', nodes: [{ asi: 'a.example', sid: '1' }] };
const eids = [{ source: 'a.example', uids: [{ id: 'u', atype: 1 }] }];
const imp = { id: '1', banner: { w: 300, h: 250 }, ext: { a: 1 } };

const request26: BidRequest = {
  id: 'r1',
  imp: [
    { ...imp, rwdd: 1, ssai: 1 },
    { ...imp, id: '2', ext: { prebid: { x: 1 } }, rwdd: 0 },
    { id: '3', video: { mimes: ['video/mp4'], plcmt: 1, podid: 'p', durfloors: [{ mindur: 1, bidfloor: 2 }] } },
  ],
  site: { id: 's', cattax: 2, kwarray: ['a', 'b'], inventorypartnerdomain: 'p.example' },
  device: { sua: { mobile: 1 }, langb: 'en-US', ua: 'x' },
  user: { id: 'u', consent: 'C', eids },
  regs: { coppa: 0, gdpr: 1, us_privacy: '1YNN', gpp: 'DBAA', gpp_sid: [7] },
  source: { tid: 't', schain },
  wlangb: ['en-US', 'en-GB', 'de'],
  acat: ['1'],
};

const request25 = {
  id: 'r1',
  imp: [
    { ...imp, ext: { a: 1, prebid: { is_rewarded_inventory: 1 } } },
    { ...imp, id: '2', ext: { prebid: { x: 1, is_rewarded_inventory: 0 } } },
    { id: '3', video: { mimes: ['video/mp4'] } },
  ],
  site: { id: 's', keywords: 'a,b', ext: { inventorypartnerdomain: 'p.example' } },
  device: { language: 'en', ua: 'x' },
  user: { id: 'u', ext: { consent: 'C', eids } },
  regs: { coppa: 0, ext: { gdpr: 1, us_privacy: '1YNN', gpp: 'DBAA', gpp_sid: [7] } },
  source: { tid: 't', ext: { schain } },
  wlang: ['en', 'de'],
};

describe('toVersion25', () => {
  it('puts every field into its 2.5 place', () => {
    expect(toVersion25(request26)).toEqual(request25);
  });

  it('keeps categories of another taxonomy from readers who would take them for taxonomy 1', () => {
    const content = { cat: ['483'], cattax: 6, producer: { cat: ['IAB1'] } };
    const site = {
      cattax: 7,
      cat: ['1'],
      sectioncat: ['2'],
      pagecat: ['3'],
      publisher: { cat: ['4'], cattax: 2 },
      content,
    };
    const request: BidRequest = { id: 'r1', imp: [imp], bcat: ['52'], cattax: 6, site };
    expect(toVersion25(request)).toEqual({
      id: 'r1',
      imp: [imp],
      site: { publisher: {}, content: { producer: { cat: ['IAB1'] } } },
    });
  });

  it('keeps categories of taxonomy 1', () => {
    const request: BidRequest = { id: 'r1', imp: [imp], bcat: ['IAB7'], cattax: 1, app: { cat: ['IAB9'] } };
    expect(toVersion25(request)).toEqual({ id: 'r1', imp: [imp], bcat: ['IAB7'], app: { cat: ['IAB9'] } });
  });

  it('speaks nothing but 2.5', () => {
    const isVersion25 = compileValidator('request', '2.5');
    expect(isVersion25(request26)).toBe(false);
    expect(isVersion25(toVersion25(request26))).toBe(true);
  });

  it('leaves its input alone', () => {
    const before = structuredClone(request26);
    toVersion25(request26);
    expect(request26).toEqual(before);
  });

  it('shares what needs no change', () => {
    const plain: BidRequest = { id: 'r1', imp: [imp], device: { ua: 'x', geo: { city: 'c' } } };
    expect(toVersion25(plain)).toBe(plain);
    const mixed = { ...plain, regs: { gdpr: 1 } };
    expect(toVersion25(mixed).imp).toBe(mixed.imp);
    expect(toVersion25(mixed).device).toBe(mixed.device);
  });

  it('is undone by the reader, but for what 2.5 has no word for', () => {
    const reading = createRequestReader()(new TextEncoder().encode(JSON.stringify(toVersion25(request26))));
    expect(reading).toMatchObject({
      kind: 'ok',
      request: {
        imp: [{ rwdd: 1 }, { rwdd: 0 }, {}],
        site: { inventorypartnerdomain: 'p.example' },
        user: { consent: 'C', eids },
        regs: { gdpr: 1, us_privacy: '1YNN', gpp: 'DBAA', gpp_sid: [7] },
        source: { schain },
      },
    });
  });

  it('keeps an ext.prebid that is no object from harm', () => {
    const odd: BidRequest = { id: 'r1', imp: [{ ...imp, rwdd: 1, ext: { prebid: 'text' } }] };
    expect(toVersion25(odd).imp[0]!.ext).toEqual({ prebid: { is_rewarded_inventory: 1 } });
  });
});
