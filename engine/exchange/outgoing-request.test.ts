import { describe, expect, test } from 'vitest';
import type { BidRequest, SupplyChain } from '../../openrtb/types.ts';
import { type OutgoingRules, outgoingRequest } from './outgoing-request.ts';
import { buildRequest } from './testing/build-exchange.ts';

const RULES: OutgoingRules = {
  seller: { domain: 'exchange.example', sellerId: 'own-seat' },
  forwardedExtensions: new Set(['gpid', 'data']),
};

const outgoing = (request: BidRequest, publisherId = 'pub-1') =>
  outgoingRequest(request, 'gsp', 'auction-1', publisherId, RULES);

test.each([
  ['first_price', 1],
  ['gsp', 2],
  ['vcg', 2],
] as const)('at says what will be executed: %s is %d', (mechanism, at) => {
  expect(outgoingRequest(buildRequest({ at: 3 - at }), mechanism, 'a', '', RULES).at).toBe(at);
});

describe('supply chain', () => {
  const node = { asi: 'exchange.example', sid: 'pub-1', rid: 'auction-1', hp: 1 };
  const chain = { complete: 0, ver: '1.0', nodes: [{ asi: 'ssp.example', sid: '7' }] } as SupplyChain;

  test('is created for a request that comes straight from its publisher', () => {
    expect(outgoing(buildRequest()).source).toEqual({ schain: { complete: 1, ver: '1.0', nodes: [node] } });
  });

  test('is extended, and stays as complete as it came', () => {
    const { source } = outgoing(buildRequest({ source: { tid: 't', schain: chain } }));
    expect(source).toEqual({ tid: 't', schain: { ...chain, nodes: [...chain.nodes, node] } });
    expect(chain.nodes).toHaveLength(1);
  });

  test('names our own seat where the publisher has no id, and at most 64 characters', () => {
    const sid = (publisherId: string) => outgoing(buildRequest(), publisherId).source!.schain!.nodes[0]!.sid;
    expect(sid('')).toBe('own-seat');
    expect(sid('x'.repeat(65))).toBe('x'.repeat(64));
  });
});

describe('extensions', () => {
  const ext = { gpid: '/1/top', secret: 1 };
  const kept = { gpid: '/1/top' };

  test('only listed keys leave', () => {
    const media = { banner: { w: 1, h: 1, ext }, video: { mimes: ['video/mp4'], ext }, native: { request: '{}', ext } };
    const request = buildRequest({
      imp: [{ id: '1', ...media, audio: { mimes: ['audio/mp4'], ext }, ext }],
      device: { ua: 'browser', ext },
      user: { consent: 'c', ext },
      regs: { coppa: 0, ext },
      source: { ext },
      site: { domain: 'a.example', ext },
      ext,
    });
    const sent = outgoing(request);
    expect(JSON.stringify(sent)).not.toContain('secret');
    const imp = sent.imp[0]!;
    for (const part of [sent, imp, imp.banner, imp.video, imp.audio, imp.native]) expect(part!.ext).toEqual(kept);
    for (const part of [sent.device, sent.user, sent.regs, sent.source, sent.site]) expect(part!.ext).toEqual(kept);
    expect(sent.device).toMatchObject({ ua: 'browser' });
  });

  test.each(['app', 'dooh'] as const)('of %s too', (channel) => {
    const { site: _site, ...request } = buildRequest();
    expect(outgoing({ ...request, [channel]: { ext } })[channel]).toEqual({ ext: kept });
  });

  test('an object of which no key is left is not sent', () => {
    expect(outgoing(buildRequest({ ext: { secret: 1 } }))).not.toHaveProperty('ext');
  });

  test('absent objects stay absent, and the request that came is not changed', () => {
    const request = buildRequest({ ext });
    const before = structuredClone(request);
    expect(Object.keys(outgoing(request)).sort()).toEqual(['at', 'ext', 'id', 'imp', 'site', 'source']);
    expect(request).toEqual(before);
  });
});
