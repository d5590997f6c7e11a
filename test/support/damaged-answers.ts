/** The fuzz of what a DSP may send, on the reader itself: thousands of answers a second. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { readReply } from '../../engine/dsp/reply.ts';
import { createResponseReader } from '../../openrtb/read-response.ts';
import { mutate, mutations } from './answer-mutations.ts';

const HONEST = Buffer.from(
  JSON.stringify({
    id: 'r',
    cur: 'USD',
    seatbid: [
      {
        seat: 's',
        bid: [
          { id: 'a', impid: '1', price: 9, adm: '<b>', adomain: ['brand.example.com'], cat: ['IAB1'], w: 300, h: 250 },
          { id: 'b', impid: '1', price: 8, nurl: 'https://dsp.example.com/win', dealid: 'd', ext: { a: [1] } },
        ],
      },
    ],
  }),
);

/** Fails when an answer that was damaged at random throws, or yields a bid that an auction could not reckon with. */
export function expectHarmlessWhenDamaged(runs: number): void {
  const context = { dspId: 'd', requestId: 'r', strictness: 'default', readResponse: createResponseReader() } as const;
  const isHarmless = fc.property(mutations, (applied) => {
    const body = mutate(HONEST, applied);
    const reply = readReply({ kind: 'answered', status: 200, body, latencyMs: 1 }, context);
    if (!['bid', 'no-bid', 'invalid'].includes(reply.result)) throw new Error(reply.result);
    for (const { bids } of reply.response?.seatbids ?? []) {
      for (const { price, id, impid } of bids) {
        if (!(Number.isFinite(price) && price >= 0)) throw new Error(`price ${price}`);
        if (typeof id !== 'string' || typeof impid !== 'string') throw new Error('ids are texts');
      }
    }
  });
  fc.assert(isHarmless, { numRuns: runs });
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
}
