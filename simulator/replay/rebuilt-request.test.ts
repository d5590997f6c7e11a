import { describe, expect, it } from 'vitest';
import { exchangeRules } from '../../config/engine-options.ts';
import { loadConfig } from '../../config/load.ts';
import { auctionTerms } from '../../engine/exchange/auction-terms.ts';
import { requestFeatures } from '../../engine/traffic/request-features.ts';
import { createRequestReader } from '../../openrtb/read-request.ts';
import type { BidRequest } from '../../openrtb/types.ts';
import { seededRandom } from '../random.ts';
import { generateRequest } from '../traffic/request-generator.ts';
import { rebuiltRequest } from './rebuilt-request.ts';

const RULES = exchangeRules(
  loadConfig({ file: null, environment: {}, overrides: { 'currencies.rates': { EUR: 0.9 } } }),
);
const read = createRequestReader();
const termsFor = (request: BidRequest) => auctionTerms('auction-1', request, requestFeatures(request), RULES, () => 0);

/** As an engine reads it. */
function asRead(request: object): BidRequest {
  const reading = read(Buffer.from(JSON.stringify(request)), { strictness: 'strict' });
  expect(reading.diagnostics).toEqual([]);
  if (reading.kind !== 'ok') throw new Error(reading.diagnostic.message);
  return reading.request;
}

function rebuilt(request: BidRequest): BidRequest {
  const isTest = request.test === 1;
  return rebuiltRequest({
    requestId: request.id,
    isTest,
    features: requestFeatures(request),
    terms: termsFor(request),
  });
}

function expectSame(request: BidRequest): void {
  const again = asRead(rebuilt(request));
  expect(termsFor(again)).toEqual(termsFor(request));
  expect(requestFeatures(again)).toEqual(requestFeatures(request));
}

describe('a request that is rebuilt from its event', () => {
  it('is valid and sells the same on the same terms', () => {
    for (let index = 0; index < 300; index++) expectSame(generateRequest(seededRandom(3).fork('rebuilt'), index));
  });

  it('does so with all that terms can say', () => {
    const durfloors = [
      { mindur: 1, maxdur: 15, bidfloor: 1.5 },
      { mindur: 16, bidfloor: 2.123456 },
    ];
    expectSame(
      asRead({
        id: 'all',
        test: 1,
        at: 1,
        cur: ['EUR', 'USD'],
        cattax: 2,
        wseat: ['s1'],
        badv: ['bad.example'],
        bapp: ['com.bad'],
        acat: ['1'],
        wlangb: ['de'],
        app: { bundle: 'com.game', publisher: { id: 'pub-1' } },
        device: { devicetype: 4, os: 'Android', connectiontype: 2, geo: { country: 'DEU' }, w: 360, h: 640 },
        imp: [
          {
            id: 'a',
            tagid: 'top',
            bidfloor: 0.333333,
            bidfloorcur: 'EUR',
            instl: 1,
            secure: 1,
            exp: 30,
            banner: {
              format: [
                { w: 300, h: 250 },
                { wratio: 16, hratio: 9, wmin: 200 },
              ],
              battr: [1],
              btype: [3],
            },
            pmp: {
              private_auction: 1,
              deals: [
                { id: 'd1', bidfloor: 2, bidfloorcur: 'EUR', at: 3, wseat: ['s1'], wadomain: ['a.example'], guar: 1 },
                { id: 'd2', bidfloorcur: 'EUR', mincpmpersec: 0.1, durfloors },
              ],
            },
          },
          {
            id: 'b',
            bidfloorcur: 'EUR',
            video: { mimes: ['video/mp4'], w: 640, h: 360, minduration: 5, maxduration: 30, protocols: [2], durfloors },
          },
          { id: 'c', bidfloorcur: 'EUR', audio: { mimes: ['audio/mpeg'], rqddurs: [15, 30], mincpmpersec: 0.05 } },
          {
            id: 'd',
            native: {
              request: JSON.stringify({
                ver: '1.2',
                assets: [
                  {
                    id: 7,
                    required: 1,
                    video: { mimes: ['video/mp4'], minduration: 1, maxduration: 9, protocols: [2] },
                  },
                ],
              }),
              battr: [2],
            },
          },
        ],
      }),
    );
  });

  it('has nobody in it', () => {
    const request = generateRequest(seededRandom(3).fork('rebuilt'), 1);
    const { user, regs, source, device = {} } = rebuilt(request);
    expect([user, regs, source]).toEqual([undefined, undefined, undefined]);
    expect(Object.keys(device)).not.toEqual(expect.arrayContaining(['ifa']));
    expect(
      Object.keys(device).every((key) => ['geo', 'devicetype', 'os', 'connectiontype', 'w', 'h'].includes(key)),
    ).toBe(true);
  });
});
