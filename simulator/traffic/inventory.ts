import type { App, Device, Geo, Site } from '../../openrtb/types.ts';

/** Invented publishers, devices and places that generated requests are drawn from. Hosts are reserved for examples (RFC 2606). */

interface Weighted<T> {
  readonly weight: number;
  readonly value: T;
}

export const APPS: readonly App[] = [
  {
    id: 'app-101',
    name: 'Tile Quest',
    bundle: 'com.example.tilequest',
    storeurl: 'https://store.example.com/apps/com.example.tilequest',
    cat: ['IAB9-30'],
    ver: '4.12.0',
    privacypolicy: 1,
    publisher: { id: 'pub-11', name: 'Bright Games', domain: 'brightgames.example.com' },
  },
  {
    id: 'app-102',
    name: 'Daily Weather',
    bundle: '1234567890',
    storeurl: 'https://store.example.com/apps/1234567890',
    cat: ['IAB15-10'],
    ver: '2.3.1',
    privacypolicy: 1,
    publisher: { id: 'pub-12', name: 'Skyline Apps', domain: 'skyline.example.com' },
  },
  {
    id: 'app-103',
    name: 'Run Tracker',
    bundle: 'com.example.runtracker',
    storeurl: 'https://store.example.com/apps/com.example.runtracker',
    cat: ['IAB17-28', 'IAB7-18'],
    ver: '8.0.4',
    privacypolicy: 1,
    publisher: { id: 'pub-13', name: 'Pace Labs', domain: 'pacelabs.example.com' },
  },
];

export const TV_APPS: readonly App[] = [
  {
    id: 'app-104',
    name: 'Living Room TV',
    bundle: 'com.example.livingroom',
    storeurl: 'https://store.example.com/apps/com.example.livingroom',
    cat: ['IAB1-7'],
    ver: '1.9.0',
    publisher: { id: 'pub-14', name: 'Living Room', domain: 'livingroom.example.com' },
    content: {
      title: 'Tides',
      series: 'Coastlines',
      season: '2',
      episode: 4,
      len: 2_700,
      livestream: 0,
      language: 'en',
    },
  },
];

export const SITES: readonly Site[] = [
  {
    id: 'site-201',
    name: 'Morning Herald',
    domain: 'news.example.com',
    cat: ['IAB12'],
    page: 'https://news.example.com/politics/2026/budget-vote',
    ref: 'https://search.example.com/',
    mobile: 1,
    publisher: { id: 'pub-21', name: 'Herald Media', domain: 'herald.example.com' },
  },
  {
    id: 'site-202',
    name: 'Simply Recipes',
    domain: 'recipes.example.com',
    cat: ['IAB8-5'],
    page: 'https://recipes.example.com/soups/tomato',
    mobile: 0,
    publisher: { id: 'pub-22', name: 'Kitchen Table', domain: 'kitchen.example.com' },
  },
  {
    id: 'site-203',
    name: 'Goal Report',
    domain: 'sports.example.com',
    cat: ['IAB17-44'],
    page: 'https://sports.example.com/matches/live',
    ref: 'https://sports.example.com/',
    mobile: 1,
    publisher: { id: 'pub-23', name: 'Goal Media', domain: 'goal.example.com' },
  },
];

export const PHONES: readonly Weighted<Device>[] = [
  {
    weight: 5,
    value: {
      ua: 'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36',
      devicetype: 4,
      make: 'Google',
      model: 'Pixel 9',
      os: 'Android',
      osv: '15',
      w: 412,
      h: 924,
      pxratio: 2.625,
    },
  },
  {
    weight: 4,
    value: {
      ua: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148',
      devicetype: 4,
      make: 'Apple',
      model: 'iPhone16,1',
      os: 'iOS',
      osv: '18.6',
      w: 393,
      h: 852,
      pxratio: 3,
    },
  },
  {
    weight: 1,
    value: {
      ua: 'Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148',
      devicetype: 5,
      make: 'Apple',
      model: 'iPad14,3',
      os: 'iOS',
      osv: '18.5',
      w: 834,
      h: 1194,
      pxratio: 2,
    },
  },
];

export const COMPUTERS: readonly Weighted<Device>[] = [
  {
    weight: 3,
    value: {
      ua: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
      devicetype: 2,
      os: 'Windows',
      osv: '10.0',
      w: 1920,
      h: 1080,
      js: 1,
    },
  },
  {
    weight: 1,
    value: {
      ua: 'Mozilla/5.0 (Macintosh; Intel Mac OS X 14_6) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15',
      devicetype: 2,
      os: 'macOS',
      osv: '14.6',
      w: 1728,
      h: 1117,
      js: 1,
    },
  },
];

export const TELEVISIONS: readonly Weighted<Device>[] = [
  {
    weight: 1,
    value: {
      ua: 'Mozilla/5.0 (SMART-TV; Linux; Tizen 8.0) AppleWebKit/538.1 (KHTML, like Gecko) Version/8.0 TV Safari/538.1',
      devicetype: 3,
      make: 'Example Electronics',
      model: 'QX-55',
      os: 'Tizen',
      osv: '8.0',
      w: 1920,
      h: 1080,
    },
  },
];

/** `gdpr` decides what the request says about privacy law. */
export const PLACES: readonly Weighted<{ readonly geo: Geo; readonly language: string; readonly gdpr: boolean }>[] = [
  {
    weight: 5,
    value: {
      geo: { country: 'USA', region: 'CA', city: 'Fresno', zip: '93701', type: 2, utcoffset: -480 },
      language: 'en',
      gdpr: false,
    },
  },
  {
    weight: 3,
    value: {
      geo: { country: 'USA', region: 'NY', city: 'Albany', zip: '12207', type: 2, utcoffset: -300 },
      language: 'en',
      gdpr: false,
    },
  },
  { weight: 1, value: { geo: { country: 'GBR', city: 'Leeds', type: 2, utcoffset: 0 }, language: 'en', gdpr: true } },
  { weight: 1, value: { geo: { country: 'DEU', city: 'Kassel', type: 2, utcoffset: 60 }, language: 'de', gdpr: true } },
  { weight: 1, value: { geo: { country: 'FRA', city: 'Dijon', type: 2, utcoffset: 60 }, language: 'fr', gdpr: true } },
  {
    weight: 1,
    value: {
      geo: { country: 'BRA', region: 'SP', city: 'Campinas', type: 2, utcoffset: -180 },
      language: 'pt',
      gdpr: false,
    },
  },
];
