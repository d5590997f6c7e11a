import { expect, test } from 'vitest';
import type { Imp } from '../../openrtb/types.ts';
import { buildRequest } from '../exchange/testing/build-exchange.ts';
import { requestFeatures } from './request-features.ts';

test('of an app', () => {
  const { site: _site, ...request } = buildRequest({
    app: { bundle: 'com.example', publisher: { id: 'p' } },
    device: { devicetype: 4, os: 'iOS', connectiontype: 2, geo: { country: 'DEU' }, ifa: 'canary', ip: 'canary' },
    user: { id: 'canary' },
  });
  const features = requestFeatures(request);
  expect(features).toEqual({
    channel: 'app',
    publisherId: 'p',
    inventory: 'com.example',
    country: 'DEU',
    deviceType: 4,
    os: 'iOS',
    connectionType: 2,
    imps: [{ impId: '1', placementId: 'top', media: ['banner'], width: 300, height: 250, dealCount: 0 }],
  });
  expect(JSON.stringify(features)).not.toContain('canary');
});

test('of a site, of a screen, and of nobody knows what', () => {
  const { site: _site, ...bare } = buildRequest();
  expect(requestFeatures(buildRequest())).toMatchObject({ channel: 'site', inventory: 'news.example', country: '' });
  expect(requestFeatures({ ...bare, dooh: { domain: 'd.example' } })).toMatchObject({
    channel: 'dooh',
    inventory: 'd.example',
    publisherId: '',
  });
  expect(requestFeatures(bare)).toMatchObject({ channel: 'unknown', inventory: '', deviceType: 0, os: '' });
});

test.each<[string, Partial<Imp>, object]>([
  [
    'the first format with a size',
    {
      banner: {
        format: [
          { wratio: 1, hratio: 1 },
          { w: 3, h: 2 },
        ],
      },
    },
    [3, 2],
  ],
  ['w and h of the banner', { banner: { w: 3, h: 2 } }, [3, 2]],
  ['the player', { video: { mimes: ['video/mp4'], w: 640, h: 480 } }, [640, 480]],
  ['none', { native: { request: '{}' } }, [0, 0]],
])('size: %s', (_name, media, size) => {
  const { width, height } = requestFeatures(buildRequest({ imp: [{ id: '1', ...media }] })).imps[0]!;
  expect([width, height]).toEqual(size);
});

test('media in a fixed order, and deals', () => {
  const imp: Imp = {
    id: '1',
    native: { request: '{}' },
    audio: { mimes: ['audio/mp4'] },
    video: { mimes: ['video/mp4'] },
    banner: {},
    pmp: { deals: [{ id: 'a' }, { id: 'b' }] },
  };
  expect(requestFeatures(buildRequest({ imp: [imp] })).imps[0]).toMatchObject({
    placementId: '',
    media: ['banner', 'video', 'audio', 'native'],
    dealCount: 2,
  });
});
