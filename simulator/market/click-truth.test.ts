import { describe, expect, it } from 'vitest';
import { ClickWorld } from '../clicks/click-world.ts';
import { seededRandom } from '../random.ts';
import { ClickTruth, type ShownImpression } from './click-truth.ts';
import { Users } from './users.ts';

const HOUR_MS = 3_600_000;
const FATIGUE = { creative: 0.2, campaign: 0.1, advertiser: 0.05, halfLifeHours: 24 };

function impression(): ShownImpression {
  const user = new Users(1, { country: 'DEU', utcOffsetMin: 60 }, seededRandom(1)).pick(seededRandom(2));
  const imp = { id: '1', tagid: 'top', banner: { format: [{ w: 300, h: 250 }] } };
  return {
    request: { id: 'r', imp: [imp], site: { domain: 'site.example.com' }, device: user.device, user: user.user },
    imp,
    ad: {
      dspId: 'dsp',
      campaign: 'campaign',
      creativeId: 'creative',
      advertiserDomains: ['shoes.example.com'],
      categories: ['IAB18'],
      width: 300,
      height: 250,
      declaredMedia: 'banner',
      sniffedMedia: 'html',
    },
    visibility: 'first',
    user,
    atMs: Date.UTC(2026, 5, 8, 12),
  };
}

describe('the truth about clicks', () => {
  const truth = () => new ClickTruth(new ClickWorld(1), FATIGUE);

  it('falls with each time that the same ad was seen, less so for another creative, campaign or advertiser', () => {
    const clicks = truth();
    const shown = impression();
    const fresh = clicks.clickProbability(shown);
    clicks.expose(shown);
    const once = clicks.clickProbability(shown);
    clicks.expose(shown);
    expect(once).toBeLessThan(fresh);
    expect(clicks.clickProbability(shown)).toBeLessThan(once);
    const odds = (changes: Partial<ShownImpression['ad']>) =>
      clicks.tirednessOdds({ ...shown, ad: { ...shown.ad, ...changes } });
    const otherCreative = odds({ creativeId: 'other' });
    const otherCampaign = odds({ creativeId: 'other', campaign: 'other' });
    expect(odds({})).toBeLessThan(otherCreative);
    expect(otherCreative).toBeLessThan(otherCampaign);
    expect(otherCampaign).toBeLessThan(1);
    expect(odds({ advertiserDomains: ['cars.example.com'] })).toBe(1);
  });

  it('recovers with time', () => {
    const clicks = truth();
    const shown = impression();
    clicks.expose(shown);
    const odds = [0, 24, 24 * 30].map((hours) =>
      clicks.tirednessOdds({ ...shown, atMs: shown.atMs + hours * HOUR_MS }),
    );
    expect(odds).toEqual([...odds].sort((a, b) => a - b));
    expect(odds[0]).toBeCloseTo(Math.exp(-0.35));
    expect(odds[2]).toBeCloseTo(1, 3);
  });

  it('remembers a bounded number of exposures', () => {
    const clicks = truth();
    const shown = impression();
    for (let index = 0; index < 1_000; index++) clicks.expose(shown);
    expect(shown.user.exposures).toHaveLength(32);
  });

  it('has a level by size and visibility, in odds', () => {
    const clicks = truth();
    const shown = impression();
    const before = clicks.freshClickOdds(shown);
    clicks.setLevel('300x250', 'first', 0.1);
    expect(clicks.freshClickOdds(shown)).toBeCloseTo(before * 0.1);
    expect(clicks.freshClickOdds({ ...shown, visibility: 'second' })).toBeCloseTo(before);
  });

  it('knows conversions', () => {
    const probability = truth().conversionProbability(impression());
    expect(probability).toBeGreaterThan(0);
    expect(probability).toBeLessThan(1);
  });
});
