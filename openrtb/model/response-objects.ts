/** The field table of the bid response (2.6 section 4.2). */

import { ID_LENGTH_MAX, URL_LENGTH_MAX } from '../lengths.ts';
import type { Bid, BidResponse, SeatBid } from '../types.ts';
import { decimal, flag, integer, integers, json, object, objects, text, texts } from './field.ts';

const id = { lengthMax: ID_LENGTH_MAX };
const url = { lengthMax: URL_LENGTH_MAX };

/** One offer for one imp (4.2.3). */
export const bid = object<Bid>(
  'Bid',
  {
    id: text({ ...id, required: true }),
    impid: text({ ...id, required: true }),
    price: decimal({ required: true }),
    nurl: text(url),
    burl: text({ ...url, since: '2.5' }),
    lurl: text({ ...url, since: '2.5' }),
    adm: json(),
    adid: text(id),
    adomain: texts(),
    bundle: text(id),
    iurl: text(url),
    cid: text(id),
    crid: text(id),
    tactic: text({ ...id, since: '2.5' }),
    cattax: integer({ since: '2.6' }),
    cat: texts(),
    attr: integers(),
    apis: integers({ since: '2.6' }),
    api: integer({ deprecated: '2.6' }),
    protocol: integer(),
    qagmediarating: integer(),
    language: text({ ...id, since: '2.5' }),
    langb: text({ ...id, since: '2.6' }),
    dealid: text(id),
    w: integer({ min: 1 }),
    h: integer({ min: 1 }),
    wratio: integer({ min: 1, since: '2.5' }),
    hratio: integer({ min: 1, since: '2.5' }),
    exp: integer({ min: 0 }),
    dur: integer({ min: 0, since: '2.6' }),
    mtype: integer({ since: '2.6' }),
    slotinpod: integer({ since: '2.6' }),
  },
  { unit: true },
);

/** Bids on behalf of one seat (4.2.2). */
export const seatBid = object<SeatBid>('SeatBid', {
  bid: objects(bid, { required: true }),
  // Seats may be blocked: a bid must not pass for one without seat.
  seat: text({ ...id, critical: true }),
  group: flag({ values: [0, 1], rule: 'unknown-group', fallback: 0 }),
});

/** Answer to one request (4.2.1). */
export const bidResponse = object<BidResponse>('BidResponse', {
  id: text({ required: true }),
  seatbid: objects(seatBid),
  bidid: text(id),
  cur: text({ ...id, critical: true }),
  customdata: text(),
  nbr: integer(),
});
