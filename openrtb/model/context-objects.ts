/** The field table: where the ad appears, on which device, for whom, sold by whom (2.6 section 3.2). */
import type {
  App,
  BrandVersion,
  Content,
  Data,
  Device,
  Dooh,
  Eid,
  Geo,
  Network,
  Publisher,
  Segment,
  Site,
  SupplyChain,
  SupplyChainNode,
  Uid,
  User,
  UserAgent,
} from '../types.ts';
import { child, decimal, flag, integer, object, objects, text, texts } from './field.ts';

/** Publisher of the site or app, or producer of the content (3.2.15, 3.2.17). */
export const publisher = object<Publisher>('Publisher', {
  id: text(),
  name: text(),
  cattax: integer({ since: '2.6' }),
  cat: texts({ inTaxonomy: true }),
  domain: text(),
});

/** A key-value pair about the user or content (3.2.22). */
export const segment = object<Segment>('Segment', {
  id: text(),
  name: text(),
  value: text(),
});

/** Segments of one data provider (3.2.21). */
export const data = object<Data>('Data', {
  id: text(),
  name: text(),
  cids: texts({ since: '2.6-202505' }),
  segment: objects(segment),
});

/** Network or channel the content is shown on (3.2.23, 3.2.24). */
export const network = object<Network>('Network', {
  id: text({ since: '2.6' }),
  name: text({ since: '2.6' }),
  domain: text({ since: '2.6' }),
});

/** What the ad appears in (3.2.16). */
export const content = object<Content>('Content', {
  id: text(),
  episode: integer(),
  title: text(),
  series: text(),
  season: text(),
  artist: text(),
  genre: text(),
  album: text(),
  isrc: text(),
  gtax: integer({ since: '2.6-202505' }),
  genres: texts({ since: '2.6-202505' }),
  producer: child(publisher),
  url: text(),
  cattax: integer({ since: '2.6' }),
  cat: texts({ inTaxonomy: true }),
  prodq: integer(),
  context: integer(),
  contentrating: text(),
  userrating: text(),
  qagmediarating: integer(),
  keywords: text({ joinsList: true }),
  kwarray: texts({ since: '2.6' }),
  livestream: flag(),
  sourcerelationship: flag(),
  len: integer({ min: 0 }),
  language: text(),
  langb: text({ since: '2.6' }),
  embeddable: flag(),
  data: objects(data),
  network: child(network, { since: '2.6' }),
  channel: child(network, { since: '2.6' }),
  realtime: flag({ since: '2.6-202606' }),
  firstbroadcast: flag({ since: '2.6-202606' }),
});

/** Website (3.2.13). */
export const site = object<Site>('Site', {
  id: text(),
  name: text(),
  domain: text(),
  cattax: integer({ since: '2.6' }),
  cat: texts({ inTaxonomy: true }),
  sectioncat: texts({ inTaxonomy: true }),
  pagecat: texts({ inTaxonomy: true }),
  page: text(),
  ref: text(),
  search: text(),
  mobile: flag(),
  privacypolicy: flag(),
  publisher: child(publisher),
  content: child(content),
  keywords: text({ joinsList: true }),
  kwarray: texts({ since: '2.6' }),
  inventorypartnerdomain: text({ since: '2.6-202211', legacyPlace: ['ext', 'inventorypartnerdomain'] }),
});

/** Application (3.2.14). */
export const app = object<App>('App', {
  id: text(),
  name: text(),
  bundle: text(),
  domain: text(),
  storeurl: text(),
  cattax: integer({ since: '2.6' }),
  cat: texts({ inTaxonomy: true }),
  sectioncat: texts({ inTaxonomy: true }),
  pagecat: texts({ inTaxonomy: true }),
  ver: text(),
  privacypolicy: flag(),
  paid: flag(),
  publisher: child(publisher),
  content: child(content),
  keywords: text({ joinsList: true }),
  kwarray: texts({ since: '2.6' }),
  inventorypartnerdomain: text({ since: '2.6-202211', legacyPlace: ['ext', 'inventorypartnerdomain'] }),
});

/** Digital out-of-home screen (3.2.32). */
export const dooh = object<Dooh>('Dooh', {
  id: text({ since: '2.6-202211' }),
  name: text({ since: '2.6-202211' }),
  venuetype: texts({ since: '2.6-202211' }),
  venuetypetax: integer({ since: '2.6-202211' }),
  publisher: child(publisher, { since: '2.6-202211' }),
  domain: text({ since: '2.6-202211' }),
  keywords: text({ since: '2.6-202211', joinsList: true }),
  content: child(content, { since: '2.6-202211' }),
});

/** Place of the device or home of the user (3.2.19). */
export const geo = object<Geo>(
  'Geo',
  {
    lat: decimal({ min: -90, max: 90 }),
    lon: decimal({ min: -180, max: 180 }),
    type: integer(),
    accuracy: integer({ min: 0 }),
    lastfix: integer({ min: 0 }),
    ipservice: integer(),
    country: text(),
    region: text(),
    regionfips104: text(),
    metro: text(),
    city: text(),
    zip: text(),
    utcoffset: integer(),
  },
  { together: ['lat', 'lon'] },
);

/** A browser or platform with its version parts (3.2.30). */
export const brandVersion = object<BrandVersion>('BrandVersion', {
  brand: text({ required: true, since: '2.6' }),
  version: texts({ since: '2.6' }),
});

/** Structured user agent, from client hints (3.2.29). */
export const userAgent = object<UserAgent>('UserAgent', {
  browsers: objects(brandVersion, { since: '2.6' }),
  platform: child(brandVersion, { since: '2.6' }),
  mobile: flag({ since: '2.6' }),
  architecture: text({ since: '2.6' }),
  bitness: text({ since: '2.6' }),
  model: text({ since: '2.6' }),
  source: integer({ since: '2.6' }),
});

/** Device of the user (3.2.18). */
export const device = object<Device>('Device', {
  geo: child(geo),
  dnt: flag(),
  lmt: flag(),
  ua: text(),
  sua: child(userAgent, { since: '2.6' }),
  ip: text(),
  ipv6: text(),
  devicetype: integer(),
  make: text(),
  model: text(),
  os: text(),
  osv: text(),
  hwv: text(),
  h: integer({ min: 0 }),
  w: integer({ min: 0 }),
  ppi: integer({ min: 0 }),
  pxratio: decimal({ min: 0 }),
  js: flag(),
  geofetch: flag(),
  flashver: text(),
  language: text(),
  langb: text({ since: '2.6' }),
  carrier: text(),
  mccmnc: text({ since: '2.5' }),
  connectiontype: integer(),
  ifa: text(),
  didsha1: text({ deprecated: '2.6' }),
  didmd5: text({ deprecated: '2.6' }),
  dpidsha1: text({ deprecated: '2.6' }),
  dpidmd5: text({ deprecated: '2.6' }),
  macsha1: text({ deprecated: '2.6' }),
  macmd5: text({ deprecated: '2.6' }),
});

/** One identifier (3.2.28). */
export const uid = object<Uid>('Uid', {
  id: text({ required: true, since: '2.6' }),
  atype: integer({ since: '2.6' }),
});

/** Identifiers of one source (3.2.27). */
export const eid = object<Eid>(
  'Eid',
  {
    source: text({ required: true, since: '2.6' }),
    uids: objects(uid, { required: true, since: '2.6' }),
    inserter: text({ since: '2.6-202501' }),
    matcher: text({ since: '2.6-202501' }),
    mm: integer({ since: '2.6-202501' }),
  },
  { unit: true },
);

/** Human user of the device (3.2.20). */
export const user = object<User>('User', {
  id: text(),
  buyeruid: text(),
  yob: integer({ deprecated: '2.6' }),
  gender: text({ deprecated: '2.6' }),
  keywords: text({ joinsList: true }),
  kwarray: texts({ since: '2.6' }),
  customdata: text(),
  geo: child(geo),
  data: objects(data),
  consent: text({ since: '2.6', legacyPlace: ['ext', 'consent'] }),
  eids: objects(eid, { since: '2.6', legacyPlace: ['ext', 'eids'] }),
});

/** One seller (3.2.26). */
export const supplyChainNode = object<SupplyChainNode>('SupplyChainNode', {
  asi: text({ required: true, since: '2.6' }),
  sid: text({ required: true, since: '2.6' }),
  rid: text({ since: '2.6' }),
  name: text({ since: '2.6' }),
  domain: text({ since: '2.6' }),
  hp: flag({ since: '2.6' }),
});

/** Sellers of the inventory in order; the last one sent this request (3.2.25). */
export const supplyChain = object<SupplyChain>('SupplyChain', {
  complete: flag({ required: true, since: '2.6' }),
  nodes: objects(supplyChainNode, { required: true, since: '2.6' }),
  ver: text({ required: true, since: '2.6' }),
});
