import { seededRandom } from '../../simulator/random.ts';
import { creative } from './creative.ts';

/** An answer before and after the place of the request id. */
export type SplitAnswer = readonly [head: string, tail: string];

const ANSWERS_PER_DSP = 16;
const PRICE_MEDIAN_CPM = 1.5;
const PRICE_SIGMA = 0.5;
const CREATIVE_BYTES = 600;

/** About 1 KB each: one banner bid with markup and no notice URLs, prices log-normal around 1.50. */
export function bidAnswers(dspIndex: number, seed: number): SplitAnswer[] {
  const random = seededRandom(seed).fork(`dsp-${dspIndex}`);
  return Array.from({ length: ANSWERS_PER_DSP }, (_, index) => {
    const bid = {
      id: `bid-${dspIndex}-${index}`,
      impid: '1',
      price: Math.round(random.logNormal(PRICE_MEDIAN_CPM, PRICE_SIGMA) * 1e4) / 1e4,
      adid: `ad-${dspIndex}-${index}`,
      adm: creative(CREATIVE_BYTES),
      adomain: [`advertiser-${random.integer(1, 500)}.example`],
      cid: `campaign-${dspIndex}`,
      crid: `creative-${dspIndex}-${index}`,
      cat: ['IAB3-1'],
      attr: [],
      w: 300,
      h: 250,
      mtype: 1,
      exp: 300,
    };
    const rest = {
      seatbid: [{ seat: `seat-${dspIndex}`, bid: [bid] }],
      bidid: `response-${dspIndex}-${index}`,
      cur: 'USD',
    };
    return ['{"id":"', `",${JSON.stringify(rest).slice(1)}`] as const;
  });
}
