/** The field table: what is offered for sale and to whom (2.6 section 3.2). See `field.ts` for the columns. */

import { ID_LENGTH_MAX } from '../lengths.ts';
import type {
  Audio,
  Banner,
  BidRequest,
  Deal,
  DurFloors,
  Format,
  Imp,
  Metric,
  Native,
  Pmp,
  Qty,
  Refresh,
  RefSettings,
  Regs,
  Source,
  Video,
} from '../types.ts';
import { app, device, dooh, site, supplyChain, user } from './context-objects.ts';
import { child, decimal, flag, integer, integers, json, object, objects, text, texts } from './field.ts';

/** A measurement of the placement, e.g. viewability (3.2.5). */
export const metric = object<Metric>('Metric', {
  type: text({ required: true }),
  value: decimal({ required: true }),
  vendor: text(),
});

/** A size, or a ratio with a least width (3.2.10). */
export const format = object<Format>('Format', {
  w: integer({ min: 0 }),
  h: integer({ min: 0 }),
  wratio: integer({ min: 0, since: '2.5' }),
  hratio: integer({ min: 0, since: '2.5' }),
  wmin: integer({ min: 0, since: '2.5' }),
});

/** Display slot or companion (3.2.6). `wmax` and its kin left the specification with 2.6; they are read as unknown fields. */
export const banner = object<Banner>(
  'Banner',
  {
    format: objects(format, { critical: true }),
    w: integer({ min: 0 }),
    h: integer({ min: 0 }),
    btype: integers(),
    battr: integers({ critical: true }),
    pos: integer(),
    mimes: texts(),
    topframe: flag(),
    expdir: integers(),
    api: integers(),
    id: text(),
    vcm: flag({ since: '2.5' }),
  },
  { unit: true },
);

/** Floor for a range of durations in seconds; at least one bound, ranges may overlap. */
export const durFloors = object<DurFloors>('DurFloors', {
  mindur: integer({ min: 0, since: '2.6-202309' }),
  maxdur: integer({ min: 0, since: '2.6-202309' }),
  bidfloor: decimal({ min: 0, since: '2.6-202309', critical: true }),
});

/** In-stream or out-stream video slot (3.2.7). Durations in seconds. */
export const video = object<Video>(
  'Video',
  {
    mimes: texts({ required: true, rule: 'missing-mimes', fallback: ['video/mp4'] }),
    minduration: integer({ min: 0 }),
    maxduration: integer({ min: 0 }),
    startdelay: integer(),
    maxseq: integer({ min: 0, since: '2.6' }),
    poddur: integer({ min: 0, since: '2.6' }),
    protocols: integers(),
    w: integer({ min: 0 }),
    h: integer({ min: 0 }),
    podid: text({ since: '2.6' }),
    podseq: integer({ since: '2.6' }),
    rqddurs: integers({ since: '2.6' }),
    placement: integer({ deprecated: '2.6-202303' }),
    plcmt: integer({ since: '2.6-202303' }),
    linearity: integer(),
    skip: flag(),
    skipmin: integer({ min: 0 }),
    skipafter: integer({ min: 0 }),
    sequence: integer({ min: 0, deprecated: '2.6' }),
    slotinpod: integer({ since: '2.6' }),
    mincpmpersec: decimal({ min: 0, since: '2.6', critical: true }),
    battr: integers({ critical: true }),
    maxextended: integer({ min: -1 }),
    minbitrate: integer({ min: 0 }),
    maxbitrate: integer({ min: 0 }),
    boxingallowed: flag(),
    playbackmethod: integers(),
    playbackend: integer({ since: '2.5' }),
    delivery: integers(),
    pos: integer(),
    companionad: objects(banner),
    api: integers(),
    companiontype: integers(),
    poddedupe: integers({ since: '2.6-202402' }),
    durfloors: objects(durFloors, { since: '2.6-202309', critical: true }),
  },
  { unit: true },
);

/** Audio slot (3.2.8). Durations in seconds. */
export const audio = object<Audio>(
  'Audio',
  {
    mimes: texts({ required: true }),
    minduration: integer({ min: 0 }),
    maxduration: integer({ min: 0 }),
    poddur: integer({ min: 0, since: '2.6' }),
    protocols: integers(),
    startdelay: integer(),
    rqddurs: integers({ since: '2.6' }),
    podid: text({ since: '2.6' }),
    podseq: integer({ since: '2.6' }),
    sequence: integer({ min: 0, deprecated: '2.6' }),
    slotinpod: integer({ since: '2.6' }),
    mincpmpersec: decimal({ min: 0, since: '2.6', critical: true }),
    battr: integers({ critical: true }),
    maxextended: integer({ min: -1 }),
    minbitrate: integer({ min: 0 }),
    maxbitrate: integer({ min: 0 }),
    delivery: integers(),
    companionad: objects(banner),
    api: integers(),
    companiontype: integers(),
    maxseq: integer({ min: 0 }),
    feed: integer(),
    stitched: flag(),
    nvol: integer(),
    durfloors: objects(durFloors, { since: '2.6-202309', critical: true }),
  },
  { unit: true },
);

/** Native slot (3.2.9). */
export const native = object<Native>(
  'Native',
  {
    request: json({ required: true }),
    ver: text(),
    api: integers(),
    battr: integers({ critical: true }),
  },
  { unit: true },
);

/** Terms agreed between seller and buyer (3.2.12). */
export const deal = object<Deal>(
  'Deal',
  {
    id: text({ required: true, lengthMax: ID_LENGTH_MAX }),
    bidfloor: decimal({ critical: true, min: 0 }),
    bidfloorcur: text({ critical: true }),
    at: integer({ critical: true }),
    wseat: texts({ critical: true }),
    wadomain: texts({ critical: true }),
    guar: flag({ since: '2.6-202309' }),
    mincpmpersec: decimal({ min: 0, since: '2.6-202309', critical: true }),
    durfloors: objects(durFloors, { since: '2.6-202309', critical: true }),
  },
  { unit: true },
);

/** Private marketplace (3.2.11). */
export const pmp = object<Pmp>('Pmp', {
  private_auction: flag({ critical: true }),
  deals: objects(deal),
});

/** Impressions counted per play of a shared screen (3.2.31). */
export const qty = object<Qty>('Qty', {
  multiplier: decimal({ required: true, min: 0, since: '2.6-202211' }),
  sourcetype: integer({ since: '2.6-202211' }),
  vendor: text({ since: '2.6-202211' }),
});

/** One refresh trigger (3.2.34). */
export const refSettings = object<RefSettings>('RefSettings', {
  reftype: integer({ since: '2.6-202303' }),
  minint: integer({ min: 0, since: '2.6-202303' }),
});

/** How the placement refreshes itself (3.2.33). */
export const refresh = object<Refresh>('Refresh', {
  refsettings: objects(refSettings, { since: '2.6-202303' }),
  count: integer({ min: 0, since: '2.6-202303' }),
});

/** One impression offered (3.2.4). */
export const imp = object<Imp>(
  'Imp',
  {
    id: text({ required: true, lengthMax: ID_LENGTH_MAX }),
    metric: objects(metric, { since: '2.5' }),
    banner: child(banner),
    video: child(video),
    audio: child(audio),
    native: child(native),
    pmp: child(pmp, { critical: true }),
    displaymanager: text(),
    displaymanagerver: text(),
    instl: flag(),
    // Floors and the mechanism may hang on the placement.
    tagid: text({ critical: true, lengthMax: ID_LENGTH_MAX }),
    bidfloor: decimal({ critical: true, min: 0 }),
    bidfloorcur: text({ critical: true }),
    clickbrowser: flag(),
    secure: flag(),
    iframebuster: texts(),
    rwdd: flag({ since: '2.6', legacyPlace: ['ext', 'prebid', 'is_rewarded_inventory'] }),
    ssai: integer({ since: '2.6' }),
    exp: integer({ min: 0 }),
    qty: child(qty, { since: '2.6-202211' }),
    dt: decimal({ since: '2.6-202211' }),
    refresh: child(refresh, { since: '2.6-202303' }),
  },
  { unit: true },
);

/** Who decides, the transaction and the chain of sellers (3.2.2). */
export const source = object<Source>('Source', {
  fd: flag({ since: '2.5' }),
  tid: text({ since: '2.5' }),
  pchain: text({ since: '2.5' }),
  schain: child(supplyChain, { since: '2.6', legacyPlace: ['ext', 'schain'] }),
});

/** Legal signals (3.2.3). */
export const regs = object<Regs>('Regs', {
  coppa: flag({ critical: true }),
  gdpr: flag({ since: '2.6', values: [0, 1], rule: 'gdpr-invalid', fallback: 1, legacyPlace: ['ext', 'gdpr'] }),
  us_privacy: text({ since: '2.6', legacyPlace: ['ext', 'us_privacy'] }),
  gpp: text({ since: '2.6-202211', legacyPlace: ['ext', 'gpp'] }),
  gpp_sid: integers({ since: '2.6-202211', legacyPlace: ['ext', 'gpp_sid'] }),
});

/** Top-level request for bids (2.6 section 3.2.1). */
export const bidRequest = object<BidRequest>(
  'BidRequest',
  {
    id: text({ required: true, lengthMax: ID_LENGTH_MAX }),
    imp: objects(imp, { required: true }),
    site: child(site),
    app: child(app),
    dooh: child(dooh, { since: '2.6-202211' }),
    device: child(device),
    user: child(user),
    test: flag(),
    at: integer({ min: 1 }),
    tmax: integer({ min: 1 }),
    wseat: texts({ critical: true }),
    bseat: texts({ since: '2.5', critical: true }),
    allimps: flag(),
    cur: texts({ critical: true }),
    wlang: texts({ since: '2.5', critical: true }),
    wlangb: texts({ since: '2.6', critical: true }),
    acat: texts({ since: '2.6-202309', critical: true, inTaxonomy: true }),
    bcat: texts({ critical: true, inTaxonomy: true }),
    cattax: integer({ since: '2.6' }),
    badv: texts({ critical: true }),
    bapp: texts({ critical: true }),
    source: child(source, { since: '2.5' }),
    regs: child(regs, { critical: true }),
  },
  { retired: [['ext', 'schain']] },
);
