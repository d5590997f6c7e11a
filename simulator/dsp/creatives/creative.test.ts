import { describe, expect, it } from 'vitest';
import type { Imp } from '../../../openrtb/types.ts';
import { seededRandom } from '../../random.ts';
import type { CreativeBrief } from './brief.ts';
import { type Fit, fitCreative, renderCreative } from './creative.ts';

const BRIEF: CreativeBrief = {
  dspId: 'dsp-01',
  advertiserDomain: 'shoes.example.com',
  creativeId: 'cr-7',
  targetBytes: 3_000,
};

function fitOf(media: Fit['media'], imp: Omit<Imp, 'id'>, seed = 1): Fit | null {
  return fitCreative(media, { id: '1', ...imp }, { w: 390, h: 844 }, seededRandom(seed));
}

function markup(media: Fit['media'], imp: Omit<Imp, 'id'>, brief = BRIEF): string {
  const found = fitOf(media, imp);
  if (found === null) throw new Error('nothing fits');
  return renderCreative(found, brief);
}

describe('banner creatives', () => {
  it('take one of the offered sizes', () => {
    const format = [
      { w: 300, h: 250 },
      { w: 320, h: 50 },
    ];
    const sizes = Array.from({ length: 50 }, (_, seed) => fitOf('banner', { banner: { format } }, seed));
    for (const size of sizes) expect(format.map((offered) => ({ media: 'banner', ...offered }))).toContainEqual(size);
    expect(fitOf('banner', { banner: { w: 728, h: 90 } })).toMatchObject({ w: 728, h: 90 });
  });

  it('keep the proportion and the least width of a ratio format', () => {
    const format = [{ wratio: 16, hratio: 9, wmin: 300 }];
    expect(fitOf('banner', { banner: { format } })).toEqual({ media: 'banner', w: 304, h: 171, wratio: 16, hratio: 9 });
  });

  it('fit the screen of an interstitial without sizes, and nothing else without sizes', () => {
    expect(fitOf('banner', { banner: {}, instl: 1 })).toMatchObject({ w: 320, h: 480 });
    expect(fitOf('banner', { banner: {} })).toBeNull();
  });

  it('are html of the asked length with price macro, and load nothing over plain http', () => {
    const html = markup('banner', { banner: { w: 320, h: 50 } });
    expect(html).toHaveLength(3_000);
    expect(html).toMatch(/^<a href="https:.*width="320" height="50"/);
    expect(html).toContain('${AUCTION_PRICE}');
    expect(html).not.toContain('http:');
    expect(markup('banner', { banner: { w: 320, h: 50 } }, { ...BRIEF, targetBytes: 0 })).not.toContain('<!--');
  });
});

describe('video and audio creatives', () => {
  const video = { mimes: ['video/mp4'], protocols: [7, 2], minduration: 5, maxduration: 30, w: 640, h: 360 };

  it('are inline VAST of an offered protocol, mime and duration', () => {
    const vast = markup('video', { video });
    expect(vast).toHaveLength(3_000);
    expect(vast).toMatch(/^<\?xml version="1\.0" encoding="UTF-8"\?><VAST version="4\.0">.*<\/VAST>$/);
    expect(vast).toMatch(/<Duration>00:00:(06|10|15|20|30)<\/Duration>/);
    expect(vast).toMatch(/<MediaFile [^>]*type="video\/mp4"[^>]* width="640" height="360">/);
    expect(vast).toContain('<UniversalAdId');
    expect(vast).toContain('${AUCTION_PRICE}');
  });

  it('obey required durations and odd ranges', () => {
    expect(fitOf('video', { video: { mimes: ['video/mp4'], rqddurs: [7] } })).toMatchObject({ durationSec: 7 });
    expect(fitOf('video', { video: { ...video, minduration: 40, maxduration: 45 } })).toMatchObject({
      durationSec: 45,
    });
  });

  it('pass on what they cannot be: wrappers only, no playable mime, an impossible duration', () => {
    expect(fitOf('video', { video: { ...video, protocols: [5, 6] } })).toBeNull();
    expect(fitOf('video', { video: { ...video, mimes: ['application/javascript'] } })).toBeNull();
    expect(fitOf('video', { video: { ...video, minduration: 30, maxduration: 5 } })).toBeNull();
    expect(fitOf('video', { banner: {} })).toBeNull();
  });

  it('are DAAST for audio that asks for it, VAST otherwise', () => {
    expect(markup('audio', { audio: { mimes: ['audio/mp4'], protocols: [9] } })).toContain('<DAAST version="1.0">');
    expect(markup('audio', { audio: { mimes: ['audio/mpeg'] } })).toContain('<VAST version="3.0">');
  });
});

describe('native creatives', () => {
  const request = JSON.stringify({
    ver: '1.2',
    assets: [
      { id: 1, required: 1, title: { len: 25 } },
      { id: 2, required: 1, img: { type: 3, wmin: 300, hmin: 157 } },
      { id: 3, required: 1, data: { type: 1, len: 7 } },
      { id: 4, required: 1, video: { mimes: ['video/mp4'], minduration: 5, maxduration: 30, protocols: [2] } },
      { id: 5, data: { type: 12 } },
    ],
  });

  it('answer every required asset under its id, within its limits', () => {
    const text = markup('native', { native: { request } });
    expect(text).toHaveLength(3_000);
    const answer = JSON.parse(text);
    expect(answer.ver).toBe('1.2');
    expect(answer.link.url).toMatch(/^https:/);
    expect(answer.eventtrackers[0].url).toContain('${AUCTION_PRICE}');
    const assets = new Map<number, Record<string, unknown>>(
      answer.assets.map((asset: { id: number }) => [asset.id, asset]),
    );
    expect((assets.get(1)!.title as { text: string }).text).toHaveLength(25);
    expect(assets.get(2)).toMatchObject({ img: { w: 300, h: 157 } });
    expect(assets.get(3)).toMatchObject({ data: { value: 'Example' } });
    expect(assets.get(4)).toMatchObject({ video: { vasttag: expect.stringContaining('<VAST version="2.0">') } });
  });

  it('sometimes leave out an optional asset', () => {
    const counts = new Set(
      Array.from(
        { length: 50 },
        (_, seed) => (fitOf('native', { native: { request } }, seed) as { assets?: unknown[] } | null)?.assets?.length,
      ),
    );
    expect(counts).toEqual(new Set([4, 5]));
  });

  it('pass on unreadable requests and on required assets they cannot make', () => {
    expect(fitOf('native', { native: { request: '{' } })).toBeNull();
    expect(fitOf('native', { native: { request: '{"assets":[]}' } })).toBeNull();
    const unknown = JSON.stringify({ assets: [{ id: 1, required: 1, hologram: {} }] });
    expect(fitOf('native', { native: { request: unknown } })).toBeNull();
  });
});
