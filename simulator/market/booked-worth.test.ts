import { expect, it } from 'vitest';
import { BookedWorth } from './booked-worth.ts';

const OUTCOME = {
  clickProbability: 0.01,
  conversionProbability: 0.1,
  tiredness: 0.5,
  isClicked: false,
  worthCpm: null,
};

it('is what the advertiser is ready to pay, by what users truly do', () => {
  const booked = new BookedWorth({
    'line-items': [
      { pricing: 'cpm', bid: '2.50', creatives: ['a', 'b'] },
      { pricing: 'cpc', bid: '0.30', creatives: ['c'] },
      { pricing: 'cpa', bid: '20', creatives: ['d'] },
    ],
  });
  const worths = ['a', 'b', 'c', 'd', 'e'].map((creative) => booked.cpm(creative, OUTCOME));
  expect(worths.map((worth) => Number(worth.toFixed(6)))).toEqual([1.25, 1.25, 3, 20, 0]);
  expect(new BookedWorth(null).cpm('a', OUTCOME)).toBe(0);
});
