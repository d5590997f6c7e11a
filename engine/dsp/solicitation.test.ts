import { describe, expect, test } from 'vitest';
import type { BidRequest } from '../../openrtb/types.ts';
import { buildRequest } from '../exchange/testing/build-exchange.ts';
import { type Dialect, dialect, Solicitation } from './solicitation.ts';

const build = (parts: Partial<Dialect> = {}): Dialect =>
  dialect({ version: '2.6', quirks: [], blockedAdvertisers: [], blockedCategories: [], ...parts });

const sent = (request: BidRequest, options: Partial<Dialect> = {}, tmaxMs = 30) =>
  JSON.parse(new TextDecoder().decode(new Solicitation(request).body(build(options), tmaxMs)));

test('the request as JSON, with the tmax that the DSP has instead of the one that came', () => {
  expect(sent(buildRequest({ tmax: 250 }))).toEqual({ ...buildRequest(), tmax: 30 });
});

test('text beyond ASCII is UTF-8', () => {
  expect(sent(buildRequest({ id: 'größe "1" \u2028' })).id).toBe('größe "1" \u2028');
});

describe('bodies', () => {
  const solicitation = new Solicitation(buildRequest({ regs: { gdpr: 0 } }));

  test('are one and the same for DSPs that ask alike', () => {
    expect(solicitation.body(build(), 30)).toBe(solicitation.body(build(), 30));
  });

  test.each<[string, Partial<Dialect>, number]>([
    ['tmax', {}, 29],
    ['version', { version: '2.5' }, 30],
    ['quirks', { quirks: ['banner-size-in-w-h'] }, 30],
    ['blocked advertisers', { blockedAdvertisers: ['a.example'] }, 30],
    ['blocked categories', { blockedCategories: ['IAB1'] }, 30],
  ])('differ with %s', (_name, options, tmaxMs) => {
    const body = solicitation.body(build(options), tmaxMs);
    expect(body).not.toBe(solicitation.body(build(), 30));
    expect(body).toBe(solicitation.body(build(options), tmaxMs));
    expect(Buffer.from(body)).not.toEqual(Buffer.from(solicitation.body(build(), 30)));
  });
});

test('version 2.5 gets its fields where 2.5 had them', () => {
  const request = buildRequest({ regs: { gdpr: 1 }, source: { schain: { complete: 1, ver: '1.0', nodes: [] } } });
  expect(sent(request, { version: '2.5' })).toMatchObject({
    tmax: 30,
    regs: { ext: { gdpr: 1 } },
    source: { ext: { schain: { complete: 1 } } },
  });
});

test('quirks are applied', () => {
  expect(sent(buildRequest(), { quirks: ['banner-size-in-w-h'] }).imp[0].banner).toMatchObject({ w: 300, h: 250 });
});

describe('blocks of the DSP', () => {
  const options = { blockedAdvertisers: ['a.example', 'b.example'], blockedCategories: ['IAB1'] };

  test('join those of the request, each once', () => {
    const request = buildRequest({ badv: ['b.example', 'c.example'], bcat: ['IAB2'] });
    expect(sent(request, options)).toMatchObject({
      badv: ['b.example', 'c.example', 'a.example'],
      bcat: ['IAB2', 'IAB1'],
    });
    expect(request).toEqual(buildRequest({ badv: ['b.example', 'c.example'], bcat: ['IAB2'] }));
  });

  test('are sent with a request that has none', () => {
    expect(sent(buildRequest(), options)).toMatchObject({ badv: options.blockedAdvertisers, bcat: ['IAB1'] });
    expect(sent(buildRequest({ cattax: 1 }), options).bcat).toEqual(['IAB1']);
  });

  test('of another taxonomy than the request stay here', () => {
    expect(sent(buildRequest({ cattax: 6, bcat: ['150'] }), options).bcat).toEqual(['150']);
    expect(sent(buildRequest({ cattax: 6 }), options)).not.toHaveProperty('bcat');
  });

  test('that do not exist leave the lists alone', () => {
    expect(sent(buildRequest({ badv: ['c.example'] })).badv).toEqual(['c.example']);
    expect(sent(buildRequest())).not.toHaveProperty('badv');
  });
});

test('a dialect holds nothing but itself', () => {
  const options = { version: '2.6', quirks: [], blockedAdvertisers: [], blockedCategories: [] } as const;
  expect(dialect({ ...options, ...{ headers: { authorization: 'canary' } } })).toEqual(build());
});
