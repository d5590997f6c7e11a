/** Tracking URLs over real sockets: from the markup of a winner to its event in the log, and to money. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openPgliteDatabase } from '../adapters/ledger/database.pglite.ts';
import { campaign, creative, lineItem } from '../engine/campaign/testing/build-booking.ts';
import { type GavelEvent, readEvent } from '../engine/events/read-event.ts';
import { type EventLog, EventLogError } from '../engine/ports/event-log.ts';
import type { Bid } from '../openrtb/types.ts';
import { eventually, figuresOf, isWonBy, writesOf } from './support/house-campaigns.ts';
import { bidding } from './support/scripted-dsp.ts';
import {
  type AdAnswer,
  adRequest,
  bannerImp,
  bidsOf,
  readStoredEvents,
  startTestGavel,
  type TestGavel,
} from './support/test-gavel.ts';

const TRACKED = { 'events.tracking.baseUrl': 'listening', 'events.lossSampleRate': 1 };
/** Pays what it bids. */
const FIRST_PRICE = { at: 1 };

let dataDirectory: string;
let gavel: TestGavel | null = null;

beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'gavel-tracking-'));
});

afterEach(async () => {
  await stop();
  await rm(dataDirectory, { recursive: true });
});

async function stop(): Promise<void> {
  await gavel?.close();
  gavel = null;
}

/** A DSP whose `burl` leads to itself. */
async function start(bid: Partial<Bid> = {}, config: Record<string, unknown> = {}): Promise<TestGavel> {
  let origin = '';
  const engine = await startTestGavel({
    dsps: {
      buyer: (request, response) => {
        const burl = `${origin}/bill?price=\${AUCTION_PRICE}&request=\${AUCTION_ID}`;
        bidding({ crid: 'creative-1', adomain: ['shoes.example'], burl, ...bid, price: 2 })(request, response);
      },
    },
    config: { ...TRACKED, ...config },
    dataDirectory,
  });
  origin = engine.dsp('buyer').origin;
  gavel = engine;
  return engine;
}

const urlsIn = (markup: string): string[] => markup.match(/https?:\/\/[^\s"'<>\]\\]+\/event\?t=[A-Za-z0-9_-]+/g) ?? [];
const markupOf = (answer: AdAnswer): string => bidsOf(answer)[0]!.adm!;
const tokenOf = (url: string): string => url.slice(url.indexOf('?t=') + 3);
const call = (url: string, init: RequestInit = {}) => fetch(url, { redirect: 'manual', ...init });

async function stored<Type extends GavelEvent['type']>(type: Type): Promise<Extract<GavelEvent, { type: Type }>[]> {
  const events = await readStoredEvents(dataDirectory);
  return events.filter((event) => event.type === type) as Extract<GavelEvent, { type: Type }>[];
}

async function metric(engine: TestGavel, name: string): Promise<number> {
  const text = await (await fetch(`${engine.url}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}

const told = (engine: TestGavel, type: string, result: string) =>
  metric(engine, `rtb_tracking_events_total{type="${type}",result="${result}"}`);

describe('the win of a DSP', () => {
  it('is an impression in the log once its beacon is answered, and calls burl once', async () => {
    const engine = await start();
    const device = { ifa: '6D92078A-8246-4BA4-AE5B-76104861E7DC' };
    const answer = await engine.post(adRequest('r1', { ...FIRST_PRICE, device }));
    const [beacon, ...others] = urlsIn(markupOf(answer));
    expect(others).toEqual([]);
    expect(markupOf(answer)).toMatch(/^<img src="http.*hidden"><b>an ad<\/b>$/);

    const image = await call(beacon!);
    expect([image.status, image.headers.get('content-type')]).toEqual([200, 'image/gif']);
    expect((await image.arrayBuffer()).byteLength).toBe(42);
    expect(image.headers.get('access-control-allow-origin')).toBe('*');
    expect(image.headers.get('cache-control')).toBe('no-store');
    const [impression] = await stored('impression');
    expect(impression).toMatchObject({
      id: `${answer.body.bidid}/1/impression`,
      userKey: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
      isTest: false,
      sale: {
        payer: { kind: 'dsp', dspId: 'buyer' },
        amount: 2_000_000,
        currency: 'USD',
        publisherId: 'pub-1',
        advertiserId: 'shoes.example',
        creativeId: 'creative-1',
        billedBy: 'impression',
      },
    });

    for (let count = 0; count < 100; count++) expect((await call(beacon!)).status).toBe(200);
    expect(await stored('impression')).toHaveLength(1);
    expect(await told(engine, 'impression', 'duplicate')).toBe(100);
    await eventually(async () => expect(engine.dsp('buyer').notices).toEqual(['/bill?price=2&request=r1']));
    await eventually(async () =>
      expect(await stored('notice')).toMatchObject([{ notice: 'bill', result: 'delivered' }]),
    );
    const [win] = await stored('win');
    expect(win).toMatchObject({ id: `${answer.body.bidid}/1/win`, sale: impression!.sale, heldUntilMs: null });
    expect((await engine.eventOf('r1')).userKey).toBe(impression!.userKey);
  });

  it('with books is billed once and calls burl once, whoever is told again', async () => {
    const billing = { 'events.billing': true };
    const engine = await start({}, billing);
    const answer = await engine.post(adRequest('r1', FIRST_PRICE));
    const [beacon] = urlsIn(markupOf(answer));
    expect((await call(beacon!)).status).toBe(200);
    await eventually(async () => expect(engine.dsp('buyer').notices).toEqual(['/bill?price=2&request=r1']));
    await stop();

    const later = await start({}, { ...billing, 'server.port': Number(new URL(beacon!).port) });
    expect((await call(beacon!)).status).toBe(200);
    const repeated = 'rtb_event_duplicates_total{type="impression"}';
    await eventually(async () => expect(await metric(later, repeated)).toBe(1));
    expect(later.dsp('buyer').notices).toEqual([]);
    await stop();
    expect(await stored('impression')).toHaveLength(2);
    const database = await openPgliteDatabase(join(dataDirectory, 'campaigns'));
    const key = `${answer.body.bidid}/1/impression`;
    const amount = 2_000_000n;
    expect(await database.query('SELECT kind, key, dsp_id, amount, publisher_id FROM dsp_transfer')).toEqual([
      { kind: 'bill', key, dsp_id: 'buyer', amount, publisher_id: 'pub-1' },
    ]);
    await database.close();
    // PGlite is opened three times.
  }, 120_000);

  it('does not bill a test', async () => {
    const engine = await start();
    const answer = await engine.post(adRequest('r1', { ...FIRST_PRICE, test: 1 }));
    expect((await call(urlsIn(markupOf(answer))[0]!)).status).toBe(200);
    const [impression] = await stored('impression');
    expect(impression).toMatchObject({ isTest: true, billingNotice: null });
  });

  it('is told of by what a video player calls', async () => {
    const vast =
      '<VAST version="3.0"><Ad id="1"><InLine><AdSystem>x</AdSystem><AdTitle>t</AdTitle><Impression><![CDATA[https://dsp.example/i]]></Impression>' +
      '<Creatives><Creative><Linear><Duration>00:00:15</Duration><VideoClicks><ClickThrough><![CDATA[https://shoes.example]]></ClickThrough></VideoClicks>' +
      '<MediaFiles><MediaFile delivery="progressive" type="video/mp4" width="640" height="360"><![CDATA[https://cdn.example/v.mp4]]></MediaFile></MediaFiles>' +
      '</Linear></Creative></Creatives></InLine></Ad></VAST>';
    const engine = await start({ adm: vast, mtype: 2 }, { 'events.tracking.playback': ['midpoint', 'complete'] });
    const imp = [{ id: '1', video: { mimes: ['video/mp4'], w: 640, h: 360, protocols: [2, 3] } }];
    const answer = await engine.post(adRequest('r1', { ...FIRST_PRICE, imp }));
    const markup = markupOf(answer);
    const urls = urlsIn(markup);
    expect(urls).toHaveLength(5);
    const error = /<Error><!\[CDATA\[([^\]]+)\[ERRORCODE\]\]\]><\/Error>/.exec(markup)![1]!;
    for (const url of urls.slice(1)) expect((await call(url)).status).toBe(200);
    expect((await call(`${error}303`)).status).toBe(200);
    expect((await stored('playback')).map(({ point, errorCode }) => [point, errorCode])).toEqual([
      ['midpoint', null],
      ['complete', null],
      ['error', 303],
    ]);
    expect(await stored('click')).toHaveLength(1);
    expect(await stored('impression')).toHaveLength(1);
  });

  it('is told of by what a native ad calls', async () => {
    const native = { link: { url: 'https://shoes.example' }, assets: [{ id: 1, title: { text: 'Shoes' } }] };
    const engine = await start({ adm: JSON.stringify(native), mtype: 4 });
    const ask = async (id: string, parts: object): Promise<Record<string, unknown>> => {
      const request = JSON.stringify({ ver: '1.2', assets: [{ id: 1, required: 1, title: { len: 90 } }], ...parts });
      const answer = await engine.post(adRequest(id, { ...FIRST_PRICE, imp: [{ id: '1', native: { request } }] }));
      return JSON.parse(markupOf(answer));
    };
    const old = await ask('r1', {});
    expect(old).toMatchObject({ imptrackers: [expect.any(String)], link: { clicktrackers: [expect.any(String)] } });
    const recent = await ask('r2', { eventtrackers: [{ event: 1, methods: [1, 2] }] });
    expect(recent).toMatchObject({
      eventtrackers: [
        { event: 1, method: 1 },
        { event: 2, method: 1 },
      ],
    });
    for (const url of [...urlsIn(JSON.stringify(old)), ...urlsIn(JSON.stringify(recent))]) {
      expect((await call(url)).status).toBe(200);
    }
    expect([
      (await stored('impression')).length,
      (await stored('viewable')).length,
      (await stored('click')).length,
    ]).toEqual([2, 1, 2]);
  });
});

describe('a win of our own', () => {
  const ASAP = campaign({ delivery: 'asap' });
  const CAMPAIGNS = {
    'campaigns.enabled': true,
    'campaigns.refreshIntervalMs': 50,
    'campaigns.pacingIntervalMs': 1000,
  };

  async function untilWon(engine: TestGavel): Promise<AdAnswer> {
    let requests = 0;
    return eventually(async () => {
      const answer = await engine.post(adRequest(`request-${requests++}`, { imp: [bannerImp('1', { bidfloor: 2 })] }));
      expect(isWonBy(answer, 'line-1')).toBe(true);
      return answer;
    });
  }

  const spent = async (engine: TestGavel): Promise<bigint> =>
    (await figuresOf(engine.gavel.campaigns!.ledger, 'spring')).spent;

  it('is billed once by its beacon', async () => {
    const engine = await start({}, CAMPAIGNS);
    await engine.gavel.campaigns!.books.store.write(writesOf({ campaign: ASAP }), 'test');
    const answer = await untilWon(engine);
    const [beacon] = urlsIn(markupOf(answer));
    for (let count = 0; count < 5; count++) expect((await call(beacon!)).status).toBe(200);
    await eventually(async () => expect(await spent(engine)).toBe(2_000_000n));
    // What was reported as well is the same thing.
    await engine.gavel.reportOutcomes([{ auctionId: answer.body.bidid!, impId: '1', type: 'impression', atMs: null }]);
    expect(await spent(engine)).toBe(2_000_000n);
    expect(await stored('impression')).toHaveLength(1);
  }, 120_000);

  it('is billed by a click that leads to the signed address, also by an engine that did not sell it', async () => {
    const seller = await start({}, CAMPAIGNS);
    const markup = '<a href="${CLICK_URL}https://acme.example/?a=1&amp;b=${AUCTION_ID}&c=${CONVERSION_TOKEN}">now</a>';
    const changes = {
      campaign: { ...ASAP, budgetNanos: 1_000_000_000_000n },
      lineItem: lineItem({ pricing: 'cpc', bidMicros: 20_000_000 }),
      creatives: [creative({ markup })],
    };
    await seller.gavel.campaigns!.books.store.write(writesOf(changes), 'test');
    const answer = await untilWon(seller);
    const [beacon, click] = urlsIn(markupOf(answer));
    await stop();

    const port = new URL(beacon!).port;
    const other = await start({}, { ...CAMPAIGNS, 'server.port': Number(port) });
    expect((await call(beacon!)).status).toBe(200);
    const response = await call(click!);
    expect(response.status).toBe(302);
    const location = new URL(response.headers.get('location')!);
    expect([location.origin, location.searchParams.get('a')]).toEqual(['https://acme.example', '1']);
    expect(location.searchParams.get('b')).toMatch(/^request-/);
    const [billed] = await stored('click');
    await eventually(async () => expect(await spent(other)).toBe(BigInt(billed!.sale.amount)));
    const conversion = location.searchParams.get('c')!;
    expect((await call(`${other.url}/event?t=${conversion}`)).status).toBe(200);
    expect(await stored('conversion')).toHaveLength(1);
  }, 120_000);
});

describe('F49 what nobody has sold', () => {
  it('is refused by reason and is no event', async () => {
    const engine = await start({}, { 'campaigns.held.bannerMs': 4000 });
    const answers = await Promise.all(['r1', 'r2'].map((id) => engine.post(adRequest(id, FIRST_PRICE))));
    const [one, two] = answers.map((answer) => tokenOf(urlsIn(markupOf(answer))[0]!));
    const url = (token: string) => `${engine.url}/event?t=${token}`;
    const status = async (target: string, init?: RequestInit) => (await call(target, init)).status;
    const length = Math.min(one!.length, two!.length);
    const crossed = `${one!.slice(0, length - 24)}${two!.slice(two!.length - 24)}`;
    expect(await status(url(crossed))).toBeGreaterThanOrEqual(400);
    expect(await status(url(`${one!.slice(0, 40)}${one![40] === 'A' ? 'B' : 'A'}${one!.slice(41)}`))).toBe(403);
    for (const odd of [
      '',
      'a',
      'a'.repeat(9000),
      `${one}%3d`,
      `${one}=`,
      `${one}&t=${two}`,
      `${one}%00`,
      '%F0%9F%92%A9',
    ]) {
      expect(await status(url(odd)), odd).toBe(400);
    }
    expect(await status(`${engine.url}/event`)).toBe(400);
    for (const method of ['HEAD', 'PUT', 'DELETE', 'PATCH']) expect(await status(url(one!), { method })).toBe(405);
    expect(await status(`${engine.url}/events?t=${one}`)).toBe(404);
    const prefetch = { headers: { 'sec-purpose': 'prefetch;prerender' } };
    expect(await status(url(two!), prefetch)).toBe(204);
    await eventually(async () => expect(await status(url(two!), prefetch)).toBe(410));
    expect(await status(url(two!))).toBe(410);
    expect(await stored('impression')).toHaveLength((await told(engine, 'impression', 'stored')) as number);
    expect(await told(engine, 'impression', 'expired')).toBeGreaterThan(0);
    expect(await told(engine, 'impression', 'prefetched')).toBeGreaterThan(0);
    expect(await told(engine, 'unknown', 'forged')).toBeGreaterThanOrEqual(1);
  });
});

describe('a batch', () => {
  it('is told of one by one, from any page', async () => {
    const engine = await start();
    const answers = await Promise.all(['r1', 'r2', 'r3'].map((id) => engine.post(adRequest(id, FIRST_PRICE))));
    const [one, two, three] = answers.map((answer) => urlsIn(markupOf(answer))[0]!);
    const batch = (body: string, headers: Record<string, string> = {}) =>
      call(`${engine.url}/event`, { method: 'POST', body, headers });
    const answer = await batch(JSON.stringify([one, tokenOf(two!), one, `${three!.slice(0, -1)}!`.replace('!', '_')]));
    expect(answer.status).toBe(200);
    const { results } = (await answer.json()) as { results: string[] };
    expect(results.slice(0, 3)).toEqual(['stored', 'stored', 'duplicate']);
    expect(['forged', 'malformed']).toContain(results[3]);
    expect(await stored('impression')).toHaveLength(2);
    const flight = await call(`${engine.url}/event`, {
      method: 'OPTIONS',
      headers: { origin: 'https://page.example' },
    });
    expect([flight.status, flight.headers.get('access-control-allow-methods')]).toEqual([204, 'GET, POST']);
    expect((await call(three!, { method: 'POST' })).status).toBe(200);
    expect(await stored('impression')).toHaveLength(3);
    const odd = await batch(JSON.stringify([1, 'a b', one, null, 'ftp://a.example/event?t=']));
    const malformed = 'malformed';
    expect([odd.status, await odd.json()]).toEqual([
      200,
      { results: [malformed, malformed, 'duplicate', malformed, malformed] },
    ]);
    for (const body of ['', '{}', JSON.stringify(Array(501).fill('a'))]) {
      expect((await batch(body)).status, body.slice(0, 20)).toBe(400);
    }
    expect((await batch('x'.repeat(600_000))).status).toBe(413);
    expect((await batch('[]', { 'content-encoding': 'gzip' })).status).toBe(415);
  });
});

it('F34 what cannot be stored is not acknowledged, and may be told again', async () => {
  let isBroken = false;
  const kept: Uint8Array[] = [];
  const eventLog: EventLog = {
    append: async (records) => {
      if (isBroken) throw new EventLogError('full', 'no room');
      kept.push(...records);
    },
    close: async () => {},
  };
  gavel = await startTestGavel({
    dsps: { buyer: bidding({ price: 2 }) },
    config: TRACKED,
    dataDirectory,
    outside: { eventLog },
  });
  const [beacon] = urlsIn(markupOf(await gavel.post(adRequest('r1', FIRST_PRICE))));
  isBroken = true;
  const refused = await call(beacon!);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  const batch = await call(`${gavel.url}/event`, { method: 'POST', body: JSON.stringify([beacon]) });
  expect([batch.status, await batch.json()]).toEqual([503, { results: ['not-stored'] }]);
  isBroken = false;
  expect((await call(beacon!)).status).toBe(200);
  expect(kept.map((record) => readEvent(record).type).filter((type) => type === 'impression')).toHaveLength(1);
  expect(await told(gavel, 'impression', 'not-stored')).toBe(2);
});

it('without an address nothing is tracked', async () => {
  const engine = await start({}, { 'events.tracking.baseUrl': '' });
  const answer = await engine.post(adRequest('r1', FIRST_PRICE));
  expect(markupOf(answer)).toBe('<b>an ad</b>');
  expect((await call(`${engine.url}/event?t=a`)).status).toBe(404);
});
