/** Campaigns of our own over HTTP: won, billed, bounded, paused, capped. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemTimers } from '../adapters/clock.ts';
import { openEventLog } from '../adapters/event-log/event-log.embedded.ts';
import { eventLogFolder } from '../adapters/event-log/log-folders.ts';
import { SLOT_MS } from '../engine/budget/pacing/local-time.ts';
import { advertiser, campaign, creative, lineItem } from '../engine/campaign/testing/build-booking.ts';
import { encodeAuctionEvent } from '../engine/exchange/auction-event.ts';
import { SPARE_BIDS } from '../engine/exchange/house-bids.ts';
import { eventually, expectSoundBooks, figuresOf, isWonBy, writesOf } from './support/house-campaigns.ts';
import { metricOf } from './support/metric.ts';
import { bidding } from './support/scripted-dsp.ts';
import { type AdAnswer, adRequest, bannerImp, bidsOf, startTestGavel, type TestGavel } from './support/test-gavel.ts';

const CONFIG = { 'campaigns.enabled': true, 'campaigns.refreshIntervalMs': 50, 'campaigns.pacingIntervalMs': 1000 };

let dataDirectory: string;
let gavel: TestGavel | null = null;

beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'gavel-campaigns-'));
});

afterEach(async () => {
  await stop();
  await expectSoundBooks(dataDirectory);
  await rm(dataDirectory, { recursive: true });
});

async function start(config: Record<string, unknown> = {}): Promise<TestGavel> {
  gavel = await startTestGavel({
    dsps: { rival: bidding({ price: 1 }) },
    config: { ...CONFIG, ...config },
    dataDirectory,
  });
  return gavel;
}

async function stop(): Promise<void> {
  await gavel?.close();
  gavel = null;
}

const houseOf = (engine: TestGavel) => engine.gavel.campaigns!;

let requests = 0;
/** A floor at the bid of the line items: each impression costs what was bid. */
const DEAR = { imp: [bannerImp('1', { bidfloor: 2 })] };

const ask = (engine: TestGavel, parts: object = {}): Promise<AdAnswer> =>
  engine.post(adRequest(`request-${requests++}`, parts));

/** Asks until the line item wins. */
async function untilWon(engine: TestGavel, lineItemId: string, parts: object = {}): Promise<AdAnswer> {
  return eventually(async () => {
    const answer = await ask(engine, parts);
    expect(isWonBy(answer, lineItemId)).toBe(true);
    return answer;
  });
}

/** Asks in bursts until so many in a row have not won; gives those that have. */
async function untilSoldOut(engine: TestGavel, lineItemId: string, parts: object = {}): Promise<AdAnswer[]> {
  const won: AdAnswer[] = [await untilWon(engine, lineItemId, parts)];
  for (let lostSince = Date.now(); Date.now() - lostSince < 1500; ) {
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask(engine, parts)));
    const wins = answers.filter((answer) => isWonBy(answer, lineItemId));
    if (wins.length > 0) lostSince = Date.now();
    won.push(...wins);
  }
  return won;
}

const impressionOf = (answer: AdAnswer) =>
  ({ auctionId: answer.body.bidid!, impId: '1', type: 'impression', atMs: null }) as const;

const write = (engine: TestGavel, changes: Parameters<typeof writesOf>[0]) =>
  houseOf(engine).books.store.write(writesOf(changes), 'test');

const ASAP = campaign({ delivery: 'asap' });

it('win against DSPs at a price that the campaign has, and are billed once', async () => {
  const engine = await start();
  await write(engine, { campaign: ASAP });
  const answer = await untilWon(engine, 'line-1');
  expect(bidsOf(answer)[0]!.price).toBe(1.01);
  await engine.gavel.reportOutcomes([impressionOf(answer)]);
  expect((await figuresOf(houseOf(engine).ledger, 'spring')).spent).toBe(1_010_000n);
  await engine.gavel.reportOutcomes([impressionOf(answer), impressionOf(answer)]);
  expect((await figuresOf(houseOf(engine).ledger, 'spring')).spent).toBe(1_010_000n);
});

it('are paid when nobody but the event log of a killed engine knows of the win, and the report was there before', async () => {
  let engine = await start();
  await write(engine, { campaign: ASAP });
  const answer = await untilWon(engine, 'line-1');
  const untold = { ...impressionOf(answer), auctionId: 'untold' };
  const { bills } = await engine.gavel.reportOutcomes([untold, impressionOf(answer)]);
  expect(bills).toMatchObject({ billed: 1, parked: 1, unmatched: 0 });
  const event = await engine.eventOf(answer.body.id!);
  await stop();
  const reservations = event.reservations!.map((each) => ({ ...each, key: 'untold/1/impression' }));
  const log = await openEventLog({ folder: eventLogFolder(dataDirectory), timers: systemTimers });
  await log.append([encodeAuctionEvent({ ...event, auctionId: 'untold', reservations })]);
  await log.close();
  engine = await start();
  // Its lease was given back at the stop: it is taken back from what nobody has bought since.
  const paid = { spent: 2_020_000n, absorbed: 0n };
  await eventually(async () => expect(await figuresOf(houseOf(engine).ledger, 'spring')).toMatchObject(paid));
  expect((await engine.gavel.reportOutcomes([untold])).bills).toMatchObject({ repeated: 1 });
}, 60_000);

it('have nothing parked of what this process knows to be no win of theirs', async () => {
  const engine = await start();
  await write(engine, { campaign: ASAP });
  const answer = await untilWon(engine, 'line-1');
  const { bills } = await engine.gavel.reportOutcomes([{ ...impressionOf(answer), type: 'click' }]);
  expect(bills).toMatchObject({ unmatched: 1, parked: 0 });
});

it('spend all of a budget and nothing more, also over a restart', async () => {
  let engine = await start();
  await write(engine, { campaign: { ...ASAP, budgetNanos: 60_000_000n } });
  const won: AdAnswer[] = [];
  for (let count = 0; count < 10; count++) won.push(await untilWon(engine, 'line-1', DEAR));
  await stop();
  engine = await start();
  won.push(...(await untilSoldOut(engine, 'line-1', DEAR)));
  expect(won.length).toBe(30);
  await engine.gavel.reportOutcomes(won.map(impressionOf));
  const figures = await figuresOf(houseOf(engine).ledger, 'spring');
  expect(figures).toMatchObject({ spent: 60_000_000n, reserved: 0n, absorbed: 0n });
});

it('deliver what was sold in advance to the last impression, before the best bid, and not one more', async () => {
  const engine = await start();
  const sold = lineItem({ goalImpressions: 25, bidMicros: 500_000 });
  await write(engine, { campaign: ASAP, lineItem: sold });
  const won = await untilSoldOut(engine, 'line-1');
  expect(won.length).toBe(25);
  await engine.gavel.reportOutcomes(won.map(impressionOf));
  expect(await figuresOf(houseOf(engine).ledger, 'spring/line-1')).toMatchObject({ spent: 25n, available: 0n });
  // The rest is for who pays for it.
  expect(bidsOf(await ask(engine))[0]!.price).toBeLessThanOrEqual(1);
});

it('stop when they are paused and go on when they are resumed', async () => {
  const engine = await start();
  await write(engine, { campaign: ASAP });
  await untilWon(engine, 'line-1');
  await write(engine, { campaign: { ...ASAP, status: 'paused' } });
  await eventually(async () => expect(isWonBy(await ask(engine), 'line-1')).toBe(false));
  for (let count = 0; count < 5; count++) expect(isWonBy(await ask(engine), 'line-1')).toBe(false);
  await eventually(async () => expect((await figuresOf(houseOf(engine).ledger, 'spring')).leased).toBe(0n));
  await write(engine, { campaign: ASAP });
  await untilWon(engine, 'line-1');
});

it('are shown to a user as often as caps allow, however many ask at once', async () => {
  const engine = await start();
  const frequencyCaps = [{ count: 3, per: 'day', scope: 'campaign' }] as const;
  await write(engine, { campaign: { ...ASAP, frequencyCaps } });
  const as = (id: string) => ({ user: { id } });
  await untilWon(engine, 'line-1', as('anna'));
  const answers = await Promise.all(Array.from({ length: 12 }, () => ask(engine, as('anna'))));
  expect(answers.filter((answer) => isWonBy(answer, 'line-1')).length).toBe(2);
  // Whoever is capped leaves the place to others, and nobody pays for it.
  expect(answers.every((answer) => bidsOf(answer).length === 1)).toBe(true);
  expect(isWonBy(await ask(engine, as('bert')), 'line-1')).toBe(true);
  expect(isWonBy(await ask(engine), 'line-1')).toBe(false);
});

it('are asked about users also where there is no DSP to wait for', async () => {
  gavel = await startTestGavel({ config: CONFIG, dataDirectory });
  await write(gavel, { campaign: { ...ASAP, frequencyCaps: [{ count: 1, per: 'day', scope: 'campaign' }] } });
  await untilWon(gavel, 'line-1', { user: { id: 'anna' } });
  expect(isWonBy(await ask(gavel, { user: { id: 'anna' } }), 'line-1')).toBe(false);
  expect(isWonBy(await ask(gavel, { user: { id: 'bert' } }), 'line-1')).toBe(true);
});

/** Bids of ours in one imp. */
const ENTERING = 1 + SPARE_BIDS;

it('leave their places to cheaper ones of users who have seen them', async () => {
  const engine = await start();
  const frequencyCaps = [{ count: 1, per: 'day', scope: 'campaign' }] as const;
  // As many advertisers as may enter an auction, and one more, which bids least and has no cap.
  const writes = Array.from({ length: ENTERING + 1 }, (_, number) => {
    const isLast = number === ENTERING;
    return writesOf({
      advertiser: advertiser({ id: `a${number}`, domains: [`a${number}.example`] }),
      campaign: { ...ASAP, id: `c${number}`, advertiserId: `a${number}`, frequencyCaps: isLast ? [] : frequencyCaps },
      lineItem: lineItem({
        id: isLast ? 'last' : `l${number}`,
        campaignId: `c${number}`,
        bidMicros: isLast ? 2_000_000 : 4_000_000,
        creativeIds: [`k${number}`],
      }),
      creatives: [creative({ id: `k${number}`, advertiserId: `a${number}`, domains: [`a${number}.example`] })],
    });
  });
  await houseOf(engine).books.store.write(writes.flat(), 'test');
  await eventually(async () => {
    const status = (await (await fetch(`${engine.url}/status`)).json()) as { campaigns: { leases: number } };
    expect(status.campaigns.leases).toBe(ENTERING + 1);
  });
  const winners: string[] = [];
  for (let count = 0; count <= ENTERING; count++) {
    const [bid] = bidsOf(await ask(engine, { user: { id: 'anna' } }));
    winners.push(bid!.id);
  }
  expect(new Set(winners).size).toBe(ENTERING + 1);
  expect(winners.at(-1)).toBe('last-1');
});

it('pay for clicks when they come, whatever else is reported', async () => {
  const engine = await start();
  const rich = { ...ASAP, budgetNanos: 100_000_000_000n };
  await write(engine, { campaign: rich, lineItem: lineItem({ pricing: 'cpc', bidMicros: 5_000_000 }) });
  const answer = await untilWon(engine, 'line-1');
  await engine.gavel.reportOutcomes([impressionOf(answer)]);
  expect(await figuresOf(houseOf(engine).ledger, 'spring')).toMatchObject({ spent: 0n, reserved: 0n });
  await engine.gavel.reportOutcomes([{ ...impressionOf(answer), type: 'click' }]);
  const { spent, absorbed } = await figuresOf(houseOf(engine).ledger, 'spring');
  expect(Number(spent)).toBeGreaterThan(0);
  expect(Number(spent)).toBeLessThanOrEqual(5_000_000_000);
  expect(absorbed).toBe(0n);
});

it('what pacing has learned of their traffic outlives a restart', async () => {
  // In the second minute of a quarter of an hour, whatever the time is.
  let aheadMs = SLOT_MS - (Date.now() % SLOT_MS) + 60_000;
  const clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() + aheadMs };
  const slotsLearned = async (): Promise<number> => {
    const memory = (await houseOf(gavel!).books.delivery.traffic.read(['spring'])).get('spring');
    return memory?.weekMs.filter((seenMs) => seenMs > 0).length ?? 0;
  };
  for (let life = 1; life <= 2; life++) {
    gavel = await startTestGavel({ config: CONFIG, dataDirectory, outside: { clock } });
    if (life === 1) await write(gavel, { campaign: ASAP });
    expect(await slotsLearned()).toBe(life - 1);
    await untilWon(gavel, 'line-1');
    aheadMs += SLOT_MS;
    await eventually(async () => expect(await slotsLearned()).toBe(life));
    await stop();
  }
});

it('are counted, and what is wrong with them is told', async () => {
  const engine = await start({ 'campaigns.alerts.lowBalanceShare': 0.999 });
  await write(engine, { campaign: ASAP });
  const won = [await untilWon(engine, 'line-1', DEAR), await untilWon(engine, 'line-1', DEAR)];
  const metric = (name: string, labels = {}) => metricOf(engine.url, name, labels);
  expect(await metric('rtb_budget_reservations_total', { result: 'reserved' })).toBe(won.length);
  expect(await metric('rtb_budget_lease_grants_total', { result: 'granted' })).toBeGreaterThan(0);
  expect(await metric('rtb_budget_lease_micros', { state: 'free' })).toBeGreaterThan(0);
  expect(await metric('rtb_budget_overspend_micros_total')).toBe(0);
  expect(await metric('rtb_campaign_alerts', { kind: 'under-delivery' })).toBe(0);
  await engine.gavel.reportOutcomes(won.map(impressionOf));
  await eventually(async () => {
    expect(await metric('rtb_campaign_alerts', { kind: 'low-balance' })).toBe(1);
  });
  const status = (await (await fetch(`${engine.url}/status`)).json()) as { campaigns: { alerts: object } };
  expect(status.campaigns.alerts).toMatchObject({ lowBalance: { count: 1, accountIds: ['spring'] } });
});

it('take no part in tests', async () => {
  const engine = await start();
  await write(engine, { campaign: ASAP });
  await untilWon(engine, 'line-1');
  expect(isWonBy(await ask(engine, { test: 1 }), 'line-1')).toBe(false);
});
