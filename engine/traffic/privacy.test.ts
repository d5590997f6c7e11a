import { describe, expect, test } from 'vitest';
import type { BidRequest, Device } from '../../openrtb/types.ts';
import { buildRequest } from '../exchange/testing/build-exchange.ts';
import { PRIVACY_RULES, privacyRule, stripPersonalData } from './privacy.ts';

const ruleFor = (parts: Partial<BidRequest>) => privacyRule(buildRequest(parts));

describe('the rule', () => {
  test.each<[string, Partial<BidRequest>, ReturnType<typeof privacyRule>]>([
    ['nothing said', {}, null],
    ['all clear', { regs: { coppa: 0, gdpr: 0 }, device: { lmt: 0, dnt: 0 } }, null],
    ['a child', { regs: { coppa: 1 } }, 'coppa'],
    ['GDPR without consent', { regs: { gdpr: 1 } }, 'gdpr-without-consent'],
    ['GDPR with empty consent', { regs: { gdpr: 1 }, user: { consent: '' } }, 'gdpr-without-consent'],
    [
      'GDPR with consent',
      { regs: { gdpr: 1 }, user: { consent: 'CPc_3wAPc_3wAAGABCENATEgAAAAAAAAAAAAAAAAAAAA.YAAAAAAAAAAA' } },
      null,
    ],
    [
      'GDPR with something else for consent',
      { regs: { gdpr: 1 }, user: { consent: 'garbage' } },
      'gdpr-without-consent',
    ],
    ['COPPA 2', { regs: { coppa: 2 } }, 'coppa'],
    ['lmt -1', { device: { lmt: -1 } }, 'limit-ad-tracking'],
    ['GPP without sections', { regs: { gpp: 'DBAA' } }, 'gpp-without-sections'],
    ['GPP with empty sections', { regs: { gpp: 'DBAA', gpp_sid: [] } }, 'gpp-without-sections'],
    ['GPP with sections', { regs: { gpp: 'DBAA', gpp_sid: [7] } }, null],
    ['GPC as the specification has it', { regs: { ext: { gpc: '1' } } }, 'gpc'],
    ['GPC as a number', { regs: { ext: { gpc: 1 } } }, 'gpc'],
    ['GPC as a boolean', { regs: { ext: { gpc: true } } }, 'gpc'],
    ['GPC off', { regs: { ext: { gpc: '0' } } }, null],
    ['limited ad tracking', { device: { lmt: 1 } }, 'limit-ad-tracking'],
    ['do not track', { device: { dnt: 1 } }, 'limit-ad-tracking'],
    ['the first of several', { regs: { coppa: 1, gdpr: 1 }, device: { lmt: 1 } }, 'coppa'],
  ])('%s', (_name, parts, rule) => {
    expect(ruleFor(parts)).toBe(rule);
  });

  test.each(['1YNN', '1NNN', '1YN-', '1Y--', '1---', '1ynn'])('US privacy %s allows the sale', (us_privacy) => {
    expect(ruleFor({ regs: { us_privacy } })).toBeNull();
  });

  test.each(['1YYN', '1YY-', '1nyn', '2YNN', '1YN', '1YNNN', '', ' 1YNN', '1-N-', '1---\n', '1YXN', '----'])(
    'US privacy %j opts out or cannot be read',
    (us_privacy) => {
      expect(ruleFor({ regs: { us_privacy } })).toBe('us-privacy-opt-out');
    },
  );

  test('is one of a closed list without repeats', () => {
    expect(new Set(PRIVACY_RULES).size).toBe(PRIVACY_RULES.length);
    expect(PRIVACY_RULES).toContain(ruleFor({ regs: { gpp: 'x' } }));
  });
});

describe('stripping', () => {
  const strippedDevice = (device: Device) => stripPersonalData(buildRequest({ device })).device!;

  test('leaves nothing of the person, and what bids need', () => {
    const canary = 'canary';
    const request = buildRequest({
      user: {
        id: canary,
        buyeruid: canary,
        yob: 1990,
        gender: 'F',
        keywords: canary,
        customdata: canary,
        geo: { zip: canary },
        data: [{ id: canary }],
        eids: [{ source: canary, uids: [{ id: canary }] }],
        ext: { canary },
        consent: 'CPc',
      },
      device: {
        ifa: canary,
        didsha1: canary,
        didmd5: canary,
        dpidsha1: canary,
        dpidmd5: canary,
        macsha1: canary,
        macmd5: canary,
        ext: { canary },
        ua: 'browser',
        os: 'iOS',
        geo: {
          lat: 1.5,
          lon: 2.5,
          accuracy: 3,
          lastfix: 4,
          zip: canary,
          ext: { canary },
          country: 'DEU',
          city: 'Kiel',
        },
      },
    });
    const before = structuredClone(request);
    const { user, device, ...rest } = stripPersonalData(request);
    expect(user).toEqual({ consent: 'CPc' });
    expect(device).toEqual({ ua: 'browser', os: 'iOS', geo: { country: 'DEU', city: 'Kiel' } });
    expect(rest).toEqual(buildRequest());
    expect(request).toEqual(before);
  });

  test('adds nothing that was not there', () => {
    expect(Object.keys(stripPersonalData(buildRequest()))).toEqual(Object.keys(buildRequest()));
    expect(stripPersonalData(buildRequest({ user: { id: 'u' } }))).not.toHaveProperty('user');
  });

  test.each([
    ['192.0.2.123', '192.0.2.0'],
    ['192.0.2.0', '192.0.2.0'],
    ['192.0.2.123:8080', '::'],
    ['192.0.2.123 ', '0.0.0.0'],
    ['192.0.2', '0.0.0.0'],
    ['canary', '0.0.0.0'],
    ['2001:db8:1:2::3', '2001:db8:1::'],
  ])('IP %j becomes %s', (ip, truncated) => {
    expect(strippedDevice({ ip })).toEqual({ ip: truncated });
  });

  test.each([
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1::'],
    ['2001:DB8:1::6', '2001:DB8:1::'],
    ['2001:db8::6', '2001:db8::'],
    ['2001::6', '2001::'],
    ['::6', '::'],
    ['::', '::'],
    ['fe80::1%eth0', 'fe80::'],
    ['::ffff:192.0.2.123', '::'],
    ['0:0:0:0:0:ffff:192.0.2.123', '0:0:0::'],
    ['[2001:db8:1:2::3]', '::'],
    ['192.0.2.123', '192.0.2.0'],
  ])('IPv6 %j becomes %s', (ipv6, truncated) => {
    expect(strippedDevice({ ipv6 })).toEqual({ ipv6: truncated });
  });
});
