import type { BidResponse } from '../../openrtb/types.ts';
import type { BidFault } from './faults.ts';

/** Reserved for testing by ISO 4217: nobody has a rate for it. */
const UNCONVERTIBLE_CURRENCY = 'XTS';
const BYTE_ORDER_MARK = '\ufeff';
const LONE_SURROGATE = '\ud800';

/**
 * The text of an answer with a fault in what it says. Of most faults every bid is struck, so that none of them may win;
 * an engine may mend a price in a string, and a byte order mark, lone surrogates and repeated bids do no harm by themselves.
 */
export function spoiledBody(reply: BidResponse, fault: BidFault): string {
  switch (fault) {
    case 'truncated-json': {
      const text = JSON.stringify(reply);
      return text.slice(0, Math.floor(text.length / 2));
    }
    case 'wrong-id':
      return JSON.stringify({ ...reply, id: `${reply.id}-other` });
    case 'wrong-currency':
      return JSON.stringify({ ...reply, cur: UNCONVERTIBLE_CURRENCY });
    case 'negative-price':
      return withPrices(reply, (price) => -price);
    case 'string-price':
      return withPrices(reply, String);
    case 'infinite-price':
      return withPrices(reply, () => INFINITE).replaceAll(`"${INFINITE}"`, '1e999');
    case 'unknown-imp':
      return JSON.stringify(reply, (key, value) => (key === 'impid' ? `${value}-unknown` : value));
    case 'duplicate-bids':
      return JSON.stringify(reply, (key, value) => (key === 'bid' ? [...value, ...value] : value));
    case 'byte-order-mark':
      return BYTE_ORDER_MARK + JSON.stringify(reply);
    case 'lone-surrogates':
      return JSON.stringify(reply, (key, value) => (key === 'crid' ? LONE_SURROGATE + value : value));
  }
}

/** JSON cannot be made to write the number, so this stands in its place until it is text. */
const INFINITE = '1e999 as a number';

function withPrices(reply: BidResponse, spoil: (price: number) => unknown): string {
  return JSON.stringify(reply, (key, value) => (key === 'price' ? spoil(value) : value));
}
