/** What the admin listener and time have booked is in the event log, and a refund is undone for good. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventLogFolder } from '../adapters/event-log/log-folders.ts';
import { readEvents } from '../adapters/event-log/reader.ts';
import { campaign } from '../engine/campaign/testing/build-booking.ts';
import type { OutcomeEvent } from '../engine/events/outcome-events.ts';
import { readEvent } from '../engine/events/read-event.ts';
import { freePort } from './support/free-port.ts';
import { eventually, expectSoundLedger, figuresOf, isWonBy, writesOf } from './support/house-campaigns.ts';
import { adRequest, startTestGavel, type TestGavel } from './support/test-gavel.ts';

const TOKEN = 'token-of-this-test';

let gavel: TestGavel;
let adminUrl: string;
let requests = 0;

beforeEach(async () => {
  const port = await freePort();
  adminUrl = `http://127.0.0.1:${port}`;
  gavel = await startTestGavel({
    config: {
      'admin.port': port,
      'admin.token': TOKEN,
      'campaigns.enabled': true,
      'campaigns.refreshIntervalMs': 50,
      'campaigns.pacingIntervalMs': 1000,
      'campaigns.held.bannerMs': 1000,
    },
  });
  const { store } = gavel.gavel.campaigns!.books;
  await store.write(writesOf({ campaign: campaign({ delivery: 'asap' }) }), 'test');
});

afterEach(() => gavel.close());

/** Auction id of a house win. */
async function sell(): Promise<string> {
  return eventually(async () => {
    const answer = await gavel.post(adRequest(`request-${requests++}`));
    expect(isWonBy(answer, 'line-1')).toBe(true);
    return answer.body.bidid!;
  });
}

async function admin(path: string, body: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
  const answer = await fetch(`${adminUrl}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

async function eventsOf(auctionId: string, type: string): Promise<OutcomeEvent[]> {
  const events: OutcomeEvent[] = [];
  for await (const { payload } of readEvents(eventLogFolder(gavel.dataDirectory))) {
    const event = readEvent(payload);
    if (event.type === 'auction' || event.type === 'user_deletion') continue;
    if (event.type === type && event.auctionId === auctionId) events.push(event);
  }
  return events;
}

it('a reported impression is in the log when it is answered, a refund soon, and each is booked once', async () => {
  const auction = await sell();
  const told = { auction, imp: '1', type: 'impression' };
  expect(await admin('/admin/outcomes', [told])).toMatchObject({ status: 200, body: { bills: { billed: 1 } } });
  const [win] = await eventsOf(auction, 'win');
  expect(await eventsOf(auction, 'impression')).toMatchObject([
    { id: `${auction}/1/impression`, userKey: null, sale: 'sale' in win! ? win.sale : null },
  ]);
  expect(await admin('/admin/outcomes', [told])).toMatchObject({ body: { bills: { repeated: 1 } } });
  const { ledger, books } = gavel.gavel.campaigns!;
  const spent = async () => Number((await figuresOf(ledger, 'spring')).spent);
  const wanted = { auction, imp: '1', reason: 'shown to robots' };
  const before = await spent();
  expect(before).toBeGreaterThan(0);
  expect(await admin('/admin/refunds', [wanted, { ...wanted, auction: 'nobody' }])).toMatchObject({ status: 409 });
  expect(await spent()).toBe(before);
  expect(await admin('/admin/refunds', [wanted])).toMatchObject({
    status: 200,
    body: { refunds: [{ auction, result: 'refunded', amount: before }] },
  });
  expect(await admin('/admin/refunds', [wanted])).toMatchObject({ body: { refunds: [{ result: 'repeated' }] } });
  expect(await spent()).toBe(0);
  await eventually(async () =>
    expect(await eventsOf(auction, 'refund')).toMatchObject([{ id: `${auction}/1/refund`, reason: 'shown to robots' }]),
  );
  await expectSoundLedger(books.database!);
});

it('a win that nobody has reported expires in the log, once', async () => {
  const auction = await sell();
  await eventually(async () => expect(await eventsOf(auction, 'win_expired')).toHaveLength(1));
  const other = await sell();
  await eventually(async () => expect(await eventsOf(other, 'win_expired')).toHaveLength(1));
  const [expired] = await eventsOf(auction, 'win_expired');
  const [win] = await eventsOf(auction, 'win');
  expect(expired).toMatchObject({ id: `${auction}/1/win_expired`, sale: 'sale' in win! ? win.sale : null });
  expect(await eventsOf(auction, 'win_expired')).toHaveLength(1);
  expect(Number((await figuresOf(gavel.gavel.campaigns!.ledger, 'spring')).spent)).toBe(0);
});
