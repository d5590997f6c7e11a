import { describe, expect, it } from 'vitest';
import { simulateImpressions } from './simulated-log.ts';

describe('simulated log of clicks', () => {
  const impressions = simulateImpressions(3000, 1, () => true);

  it('is the same for the same seed, another for another', () => {
    expect(simulateImpressions(3000, 1, (day) => day === '20260103')).toEqual(
      impressions.filter(({ day }) => day === '20260103'),
    );
    expect(simulateImpressions(30, 2, () => true)).not.toEqual(simulateImpressions(30, 1, () => true));
  });

  it('lies in time order over ten days', () => {
    expect(new Set(impressions.map(({ day }) => day)).size).toBe(10);
    expect(impressions.every(({ atMs }, index) => index === 0 || atMs >= impressions[index - 1]!.atMs)).toBe(true);
  });

  it('has about as many clicks as its probabilities say', () => {
    let expected = 0;
    let variance = 0;
    let clicks = 0;
    for (const { clickProbability, isClicked } of impressions) {
      expected += clickProbability!;
      variance += clickProbability! * (1 - clickProbability!);
      clicks += isClicked ? 1 : 0;
    }
    expect(Math.abs(clicks - expected)).toBeLessThan(4 * Math.sqrt(variance));
    expect(expected / impressions.length).toBeGreaterThan(0.005);
  });

  it('shows bids on imps of their requests', () => {
    for (const { request, imp, bid } of impressions) {
      expect(request.imp).toContain(imp);
      expect(bid.impId).toBe(imp.id);
    }
  });
});
