/** Outcome events of 300 bytes, as many of them as wanted, of ten thousand users. */
import { seededRandom } from '../../simulator/random.ts';

export const OUTCOME_EVENT_BYTES = 300;
const USERS = 10_000;

export function outcomeEvents(count: number, seed: number): Buffer[] {
  const random = seededRandom(seed).fork('outcome-events');
  return Array.from({ length: count }, (_, index) => {
    const head = {
      type: 'impression',
      version: 1,
      auctionId: `${seed}-${index.toString(36)}`,
      impId: '1',
      userKey: `user-${Math.floor(random.next() * USERS)}`,
      campaignId: `campaign-${Math.floor(random.next() * 1000)}`,
      priceNanos: Math.floor(random.next() * 1e7),
    };
    const text = JSON.stringify(head).slice(0, -1);
    const filling = OUTCOME_EVENT_BYTES - text.length - ',"nonce":""}'.length;
    return Buffer.from(`${text},"nonce":"${nonce(() => random.next(), filling)}"}`);
  });
}

/** Hexadecimal digits: like signatures and ids, they hardly compress. */
function nonce(next: () => number, length: number): string {
  let digits = '';
  while (digits.length < length) digits += Math.floor(next() * 2 ** 32).toString(16);
  return digits.slice(0, length);
}
