/** The field table of the bid response (2.6 section 4.2). */
import type { Bid, BidResponse, SeatBid } from '../types.ts';
import { decimal, flag, integer, integers, json, object, objects, text, texts } from './field.ts';

/** One offer for one imp (4.2.3). */
export const bid = object<Bid>(
  'Bid',
  {
    id: text({ required: true }),
    impid: text({ required: true }),
    price: decimal({ required: true }),
    nurl: text(),
    burl: text({ since: '2.5' }),
    lurl: text({ since: '2.5' }),
    adm: json(),
    adid: text(),
    adomain: texts(),
    bundle: text(),
    iurl: text(),
    cid: text(),
    crid: text(),
    tactic: text({ since: '2.5' }),
    cattax: integer({ since: '2.6' }),
    cat: texts(),
    attr: integers(),
    apis: integers({ since: '2.6' }),
    api: integer({ deprecated: '2.6' }),
    protocol: integer(),
    qagmediarating: integer(),
    language: text({ since: '2.5' }),
    langb: text({ since: '2.6' }),
    dealid: text(),
    w: integer({ min: 0 }),
    h: integer({ min: 0 }),
    wratio: integer({ min: 0, since: '2.5' }),
    hratio: integer({ min: 0, since: '2.5' }),
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
  seat: text(),
  group: flag({ values: [0, 1], rule: 'unknown-group', fallback: 0 }),
});

/** Answer to one request (4.2.1). */
export const bidResponse = object<BidResponse>('BidResponse', {
  id: text({ required: true }),
  seatbid: objects(seatBid),
  bidid: text(),
  cur: text({ critical: true }),
  customdata: text(),
  nbr: integer(),
});
