import nact from 'nact';
import { afterEach, describe, expect, test } from 'vitest';
import { ManualTimers } from '../adapters/notices/testing/manual-timers.ts';
import { clearAuction } from '../engine/auction/clear.ts';
import type { HouseEntry, OnReserved } from '../engine/desk/house-entry.ts';
import { DSP_HEALTH_DEFAULTS } from '../engine/dsp/dsp-health.ts';
import type { ShapingLesson } from '../engine/dsp/shaping/dsp-shaping.ts';
import type { RequestShaping } from '../engine/dsp/shaping/request-shaping.ts';
import { dialect } from '../engine/dsp/solicitation.ts';
import type { AuctionRanking } from '../engine/dsp/waiting/auction-ranking.ts';
import { WAITING_DEFAULTS } from '../engine/dsp/waiting/waiting-value.ts';
import type { EstimateAnswer, EstimateQuestion } from '../engine/estimation/estimate-question.ts';
import type { AuctionEvent } from '../engine/exchange/auction-event.ts';
import type { Decision, DecisionRules } from '../engine/exchange/decision.ts';
import type { NoticePlan } from '../engine/exchange/notices.ts';
import type { Purchase, PurchaseReservation } from '../engine/exchange/purchases.ts';
import {
  buildHouseBid,
  buildRequest,
  buildSubject,
  buildTerms,
  DECISION_RULES,
} from '../engine/exchange/testing/build-exchange.ts';
import type { DspTransportResult } from '../engine/ports/dsp-transport.ts';
import type { MarkupOutcome } from '../engine/ports/markup-fetcher.ts';
import { createResponseReader } from '../openrtb/read-response.ts';
import type { BidResponse } from '../openrtb/types.ts';
import { type DspMessage, spawnDspActor } from './dsp-actor.ts';
import { type Mailbox, spawnParent } from './mailbox.ts';
import {
  type AdmittedRequest,
  type EstimatingRules,
  type RequestEnvironment,
  spawnRequestActor,
} from './request-actor.ts';
import { type ActorFault, restartWithin } from './supervision.ts';

const ARRIVED_AT_MS = 10_000;
const ARRIVED_AT_WALL_MS = 1_700_000_000_000;
const READ_RESPONSE = createResponseReader();

const systems: nact.ActorSystemRef[] = [];
afterEach(() => {
  for (const system of systems.splice(0)) nact.stop(system as never);
});

const settled = async () => {
  for (let turn = 0; turn < 8; turn++) await new Promise((resolve) => setImmediate(resolve));
};

/** A world whose time, DSPs and markup servers do what the test says, when it says so. */
class World {
  nowMs = ARRIVED_AT_MS;
  readonly timers = new ManualTimers();
  readonly clock = {
    wallMs: () => ARRIVED_AT_WALL_MS + this.nowMs - ARRIVED_AT_MS,
    monotonicMs: () => this.nowMs,
  };
  readonly calls = new Map<string, (result: DspTransportResult) => void>();
  readonly abandoned: string[] = [];
  readonly fetches: {
    readonly url: string;
    readonly deadlineAtMs: number;
    readonly serve: (outcome: MarkupOutcome) => void;
  }[] = [];
  readonly answers: { readonly answer: BidResponse | null; readonly ending: AuctionEvent['ending'] }[] = [];
  readonly concluded: {
    readonly event: AuctionEvent;
    readonly decision: Decision | null;
    readonly notices: NoticePlan;
  }[] = [];
  readonly faults: ActorFault[] = [];
  readonly late: string[] = [];
  readonly dsps: Mailbox<DspMessage>[];
  readonly #system = nact.start();
  readonly #requests = spawnParent(this.#system, 'requests');

  constructor(dspIds: readonly string[]) {
    systems.push(this.#system);
    const residents = spawnParent(this.#system, 'residents');
    this.dsps = dspIds.map((id) => this.#spawnDsp(residents, id));
  }

  #spawnDsp(parent: ReturnType<typeof spawnParent>, id: string): Mailbox<DspMessage> {
    const { mailbox } = spawnDspActor(parent, {
      definition: {
        id,
        health: {
          ...DSP_HEALTH_DEFAULTS,
          timeoutMs: 30,
          timeoutMsMin: 5,
          inFlightMax: 10,
          callsPerSecondMax: null,
        },
        shaping: null,
        dialect: dialect({ version: '2.6', quirks: [], blockedAdvertisers: [], blockedCategories: [] }),
        wakesForBids: false,
        reply: { strictness: 'default', readResponse: READ_RESPONSE },
      },
      transport: {
        call: ({ dspId }, onResult) => {
          this.calls.set(dspId, onResult);
          return () => this.abandoned.push(dspId);
        },
        close: async () => {},
      },
      clock: this.clock,
      supervisor: restartWithin({ restartsMax: 0, windowMs: 1 }, () => {}),
      observer: { onReply: () => {}, onReplyFault: () => {} },
      random: () => 0.5,
      loop: { blockedMsBetween: () => 0 },
      onOverflow: () => {},
    });
    return mailbox;
  }

  async run(admitted: Partial<AdmittedRequest> = {}, environment: Partial<RequestEnvironment> = {}) {
    const request = admitted.request ?? buildRequest();
    const actor = spawnRequestActor(
      this.#requests,
      {
        auctionId: 'auction-1',
        request,
        subject: { ...buildSubject(request), atMs: ARRIVED_AT_WALL_MS },
        terms: buildTerms(request),
        arrivedAtMs: ARRIVED_AT_MS,
        readMs: 0.1234,
        deadlineAtMs: ARRIVED_AT_MS + 95,
        onAnswer: (answer, ending) => this.answers.push({ answer, ending }),
        ...admitted,
      },
      {
        clock: this.clock,
        timers: this.timers,
        rules: DECISION_RULES,
        dsps: this.dsps,
        decisionReserveMs: 3,
        waiting: null,
        shaping: null,
        houseDemand: null,
        estimating: null,
        teaching: null,
        tracker: null,
        userKeyOf: () => null,
        markupFetcher: {
          fetch: (url, deadlineAtMs, serve) => this.fetches.push({ url, deadlineAtMs, serve }),
        },
        onBegun: () => {},
        onLate: (dspId) => this.late.push(dspId),
        onConcluded: (event, decision, notices) => this.concluded.push({ event, decision, notices }),
        onFault: (fault) => this.faults.push(fault),
        ...environment,
      },
    );
    await settled();
    return actor;
  }

  async pass(ms: number) {
    this.nowMs += ms;
    this.timers.advance(ms);
    await settled();
  }

  get teaching(): RequestEnvironment['teaching'] {
    return { currency: 'USD', dsps: new Map(this.dsps.map((dsp) => [dsp.name.slice('dsp-'.length), dsp])) };
  }

  get progressive(): Partial<RequestEnvironment> {
    return { waiting: WAITING_DEFAULTS, teaching: this.teaching };
  }

  async bids(dspId: string, bid: object, latencyMs?: number) {
    this.bidsAtOnce(dspId, bid, latencyMs);
    await settled();
  }

  bidsAtOnce(dspId: string, bid: object, latencyMs?: number) {
    const seatbid = [{ seat: dspId, bid: [{ id: 'b', impid: '1', price: 1, adm: '<b>ad</b>', ...bid }] }];
    this.repliesAtOnce(dspId, 200, JSON.stringify({ id: 'request-1', seatbid }), latencyMs);
  }

  async replies(dspId: string, status: number, body = '', latencyMs = 7) {
    this.repliesAtOnce(dspId, status, body, latencyMs);
    await settled();
  }

  /** The reply lies in a mailbox when this returns, and nobody has read it. */
  repliesAtOnce(dspId: string, status: number, body = '', latencyMs = 7) {
    this.calls.get(dspId)!({ kind: 'answered', status, body: new TextEncoder().encode(body), latencyMs });
  }

  get event(): AuctionEvent {
    expect(this.concluded).toHaveLength(1);
    return this.concluded[0]!.event;
  }
}

test('asks all, answers when the last has replied, and records everything', async () => {
  const world = new World(['a', 'b']);
  await world.run();
  expect([...world.calls.keys()]).toEqual(['a', 'b']);
  world.nowMs += 12;
  const nurl = 'https://a.example/win?p=${AUCTION_PRICE}';
  await world.bids('a', { price: 3, nurl, burl: 'https://a.example/bill' });
  expect(world.answers).toEqual([]);
  await world.bids('b', { price: 2 });

  expect(world.answers).toMatchObject([{ ending: 'won', answer: { id: 'request-1', bidid: 'auction-1' } }]);
  expect(world.answers[0]!.answer!.seatbid).toMatchObject([{ seat: 'a', bid: [{ price: 2, adm: '<b>ad</b>' }] }]);
  expect(world.event).toMatchObject({
    type: 'auction',
    auctionId: 'auction-1',
    requestId: 'request-1',
    atMs: ARRIVED_AT_WALL_MS,
    isTest: false,
    ending: 'won',
    closing: 'all-replied',
    dsps: [
      { dspId: 'a', result: 'bid' },
      { dspId: 'b', result: 'bid' },
    ],
    billingNotices: [{ bidIndex: 0, url: 'https://a.example/bill' }],
    timings: { readMs: 0.123, solicitedAtMs: 0, closedAtMs: 12, answeredAtMs: 12, deadlineAtMs: 95 },
  });
  expect(world.concluded[0]!.notices.now).toEqual([
    { kind: 'win', dspId: 'a', about: expect.objectContaining({ impId: '1' }), url: 'https://a.example/win?p=2' },
  ]);
  expect(world.faults).toEqual([]);
});

test('its event is plain JSON, and clearing its input again gives its outcome', async () => {
  const world = new World(['a', 'b']);
  await world.run();
  await world.bids('a', { price: 3 });
  await world.bids('b', { price: 2, impid: 'unknown' });
  const recorded = JSON.parse(JSON.stringify(world.event)) as AuctionEvent;
  expect(recorded).toEqual(world.event);
  expect(clearAuction(recorded.input!)).toEqual(recorded.outcome);
});

test('answers at the deadline with what it has, less what deciding takes; the rest is late and left to the transport', async () => {
  const world = new World(['a', 'b']);
  await world.run();
  await world.bids('a', { price: 3 });
  await world.pass(91);
  expect(world.answers).toEqual([]);
  await world.pass(1);
  expect(world.answers).toMatchObject([{ ending: 'won' }]);
  expect(world.abandoned).toEqual([]);
  expect(world.event.closing).toBe('deadline');
  expect(world.event.dsps.map(({ dspId }) => dspId)).toEqual(['a']);
  await world.bids('b', { price: 9 });
  expect(world.late).toEqual(['b']);
  expect(world.answers).toHaveLength(1);
  expect(world.concluded).toHaveLength(1);
});

describe('replies that lie unread in the mailbox', () => {
  /** `deadline`, and behind it whatever `after` brings. */
  async function atDeadline(world: World, after: () => void) {
    world.nowMs += 92;
    world.timers.advance(92);
    after();
    await settled();
  }

  test('behind the deadline take part in the auction', async () => {
    const world = new World(['a', 'b', 'c']);
    await world.run();
    await world.bids('a', { price: 3 });
    await atDeadline(world, () => world.bidsAtOnce('b', { price: 9 }));
    expect(world.answers[0]!.answer!.seatbid).toMatchObject([{ seat: 'b' }]);
    expect(world.event).toMatchObject({ closing: 'deadline', dsps: [{ dspId: 'a' }, { dspId: 'b' }] });
    expect(world.late).toEqual([]);
  });

  test('behind a deadline that has waited already, or behind the end, are late', async () => {
    const world = new World(['a', 'b', 'c']);
    await world.run(
      {
        onAnswer: (answer, ending) => {
          world.answers.push({ answer, ending });
          world.bidsAtOnce('c', { price: 20 });
        },
      },
      {},
    );
    await world.bids('a', { price: 3 });
    await atDeadline(world, () => world.bidsAtOnce('b', { price: 9 }));
    expect(world.event.dsps.map(({ dspId }) => dspId)).toEqual(['a', 'b']);
    expect(world.late).toEqual(['c']);
  });

  test('while markup is fetched are late once it is there', async () => {
    const world = new World(['a', 'b']);
    await world.run();
    await world.bids('a', { price: 3, adm: '', nurl: 'https://a.example/win' });
    await world.pass(92);
    await world.bids('b', { price: 9 });
    expect(world.late).toEqual([]);
    world.fetches[0]!.serve({ kind: 'fetched', markup: '<i>fetched</i>' });
    await settled();
    expect(world.event.dsps.map(({ dspId }) => dspId)).toEqual(['a']);
    expect(world.late).toEqual(['b']);
  });
});

test('leaves no timer behind', async () => {
  const world = new World(['a']);
  const pending = new Set<object>();
  const schedule = () => {
    const handle = {};
    pending.add(handle);
    return handle;
  };
  await world.run({}, { timers: { schedule, cancel: (handle) => pending.delete(handle as object) } });
  expect(pending.size).toBe(1);
  await world.replies('a', 204);
  expect(pending.size).toBe(0);
});

describe('the progressive auction', () => {
  /** Two DSPs answer in 7 ms at the same price; `late` has always taken 25 ms and never bid much. */
  const learned = async () => {
    const world = new World(['a', 'b', 'late']);
    for (let auction = 0; auction < 60; auction++) {
      const auctionId = `learning-${auction}`;
      await world.run({ auctionId, deadlineAtMs: world.nowMs + 95 }, world.progressive);
      await world.bids('a', { price: 3 });
      await world.bids('b', { price: 3 });
      await world.pass(25);
      await world.bids('late', { price: 0.1 }, 25);
      await world.pass(5);
    }
    world.concluded.length = 0;
    world.answers.length = 0;
    return world;
  };

  test('closes at the preliminary mark when whoever is out has never been worth waiting for', async () => {
    const world = await learned();
    await world.run({ arrivedAtMs: world.nowMs, deadlineAtMs: world.nowMs + 95 }, world.progressive);
    await world.bids('a', { price: 3 });
    await world.bids('b', { price: 2 });
    await world.pass(19);
    expect(world.answers).toEqual([]);
    await world.pass(1);
    expect(world.answers).toMatchObject([{ ending: 'won' }]);
    expect(world.abandoned).toEqual([]);
    expect(world.event).toMatchObject({ closing: 'not-worth-waiting', timings: { closedAtMs: 20 } });
    expect(clearAuction(world.event.input!)).toEqual(world.event.outcome);
    await world.bids('late', { price: 9 }, 25);
    expect(world.answers).toHaveLength(1);
    expect(world.faults).toEqual([]);
  });

  test('goes on waiting for a slow DSP that pays well, and it wins', async () => {
    const world = new World(['a', 'b', 'late']);
    for (let auction = 0; auction < 60; auction++) {
      await world.run({ auctionId: `auction-${auction}`, deadlineAtMs: world.nowMs + 95 }, world.progressive);
      await world.bids('a', { price: 2 });
      await world.bids('b', { price: 3 });
      await world.pass(20);
      expect(world.answers).toHaveLength(auction);
      await world.pass(5);
      await world.bids('late', { price: 9 }, 25);
      expect(world.answers.at(-1)!.answer!.seatbid).toMatchObject([{ seat: 'late' }]);
    }
  });

  test('a cold engine waits', async () => {
    const world = new World(['a', 'b']);
    await world.run({}, world.progressive);
    await world.pass(29);
    expect(world.answers).toEqual([]);
  });

  test('a late bid that beats the winner before the close wins', async () => {
    const world = new World(['a', 'b']);
    await world.run({}, world.progressive);
    await world.bids('a', { price: 3 });
    await world.pass(20);
    expect(world.answers).toEqual([]);
    await world.bids('b', { price: 5 }, 21);
    expect(world.answers[0]!.answer!.seatbid).toMatchObject([{ seat: 'b' }]);
    expect(world.event.closing).toBe('all-replied');
  });

  test('leaves no timer behind', async () => {
    const world = new World(['a']);
    const pending = new Set<object>();
    const schedule = () => {
      const handle = {};
      pending.add(handle);
      return handle;
    };
    const timers = { schedule, cancel: (handle: unknown) => void pending.delete(handle as object) };
    await world.run({}, { timers, ...world.progressive });
    expect(pending.size).toBe(2);
    await world.replies('a', 204);
    expect(pending.size).toBe(0);
  });
});

describe('a shaped request', () => {
  const SHAPING: RequestShaping = {
    keys: new Int32Array(),
    thresholdMicros: 0,
    hasDeals: false,
    isAudit: true,
    expectedMicros: new Map(),
  };

  /** Stands for the shaping actor, and takes down what the DSPs are told. */
  function shapedWorld(dspIds: readonly string[]) {
    const world = new World(dspIds);
    const audits: AuctionRanking[] = [];
    const lessons: Record<string, ShapingLesson | null> = {};
    const listening = (id: string) => {
      const post = (message: DspMessage) => {
        if (message.kind === 'feedback') lessons[id] = message.lesson;
      };
      return { post } as never;
    };
    const environment: Partial<RequestEnvironment> = {
      shaping: { shape: () => SHAPING, audit: (_shaping, ranking) => audits.push(ranking) },
      teaching: { currency: 'USD', dsps: new Map(dspIds.map((id) => [id, listening(id)])) },
    };
    return { world, audits, lessons, environment };
  }

  test('teaches the DSPs that answered, and is audited, once it is decided', async () => {
    const { world, audits, lessons, environment } = shapedWorld(['a', 'b', 'c', 'd']);
    await world.run({}, environment);
    await world.bids('a', { price: 3 });
    await world.bids('b', { price: 2 });
    await world.replies('c', 204);
    expect(lessons).toEqual({});
    await world.replies('d', 500);
    expect(Object.keys(lessons)).toEqual(['a', 'b', 'c']);
    expect(lessons.a).toMatchObject({ shaping: SHAPING, hasBid: true, revenueMicros: 2_000_000 });
    expect(lessons.c).toMatchObject({ hasBid: false, contributionMicros: 0 });
    expect(audits).toMatchObject([{ imps: [{ dspIds: ['a', 'b'], ecpmMicros: [3_000_000, 2_000_000] }] }]);
  });

  test('learns from a late bid without knowing its worth', async () => {
    const { world, lessons, environment } = shapedWorld(['a', 'b']);
    await world.run({}, environment);
    await world.bids('a', { price: 3 });
    await world.pass(92);
    await world.bids('b', { price: 9 });
    expect(lessons.b).toMatchObject({ hasBid: true, contributionMicros: null });
  });

  test('a test request and one in a currency without a rate are not shaped', async () => {
    const { world, lessons, audits, environment } = shapedWorld(['a']);
    await world.run({ request: buildRequest({ test: 1 }) }, environment);
    await world.bids('a', { price: 3 });
    expect(lessons).toEqual({ a: null });
    const terms = { ...buildTerms(buildRequest()), currency: 'XTS' };
    await world.run({ auctionId: 'auction-2', terms }, environment);
    await world.bids('a', { price: 3 });
    expect(lessons).toEqual({ a: null });
    expect(audits).toEqual([]);
  });
});

describe('estimates of a model elsewhere', () => {
  const question = { ...({} as EstimateQuestion), index: 0 };
  const rules: DecisionRules = {
    ...DECISION_RULES,
    estimates: { mayAsk: true, estimate: () => [question] },
    bidding: new Map([['a', { pricing: 'cpc', quality: 1 }]]),
  };
  type Asked = { deadlineAtMs: number; answer: (answers: readonly EstimateAnswer[]) => void };

  async function bidByClick(deadlineInMs = 95): Promise<{ world: World; asked: Asked[] }> {
    const world = new World(['a']);
    const asked: Asked[] = [];
    const estimator: EstimatingRules['estimator'] = {
      ask: (_questions, deadlineAtMs, answer) => asked.push({ deadlineAtMs, answer }),
    };
    const admitted = { deadlineAtMs: ARRIVED_AT_MS + deadlineInMs };
    await world.run(admitted, { rules, estimating: { estimator, budgetMs: 20 } });
    await world.pass(10);
    await world.bids('a', { price: 3 });
    return { world, asked };
  }

  test('are waited for within their budget, and recorded', async () => {
    const { world, asked } = await bidByClick();
    expect(asked).toMatchObject([{ deadlineAtMs: ARRIVED_AT_MS + 30 }]);
    expect(world.answers).toEqual([]);
    await world.pass(5);
    asked[0]!.answer([{ index: 0, value: 0.2, source: 'model', model: 'v1' }]);
    await settled();
    expect(world.answers).toMatchObject([{ ending: 'won' }]);
    expect(world.event).toMatchObject({
      closing: 'all-replied',
      input: { bids: [{ ctr: 0.2, ctrSource: 'model', ctrModel: 'v1' }] },
      timings: { closedAtMs: 15, answeredAtMs: 15 },
    });
  });

  test('are not waited for beyond the time of the decision, even if nobody answers', async () => {
    const { world, asked } = await bidByClick(25);
    expect(asked).toMatchObject([{ deadlineAtMs: ARRIVED_AT_MS + 22 }]);
    await world.pass(12);
    expect(world.answers).toMatchObject([{ ending: 'won' }]);
    expect(world.event.input!.bids).toMatchObject([{ ctrSource: 'prior' }]);
    asked[0]!.answer([{ index: 0, value: 0.2, source: 'model', model: 'v1' }]);
    await settled();
    expect(world.faults).toEqual([]);
  });
});

test('no DSPs: no bid, at once', async () => {
  const world = new World([]);
  await world.run();
  expect(world.answers).toMatchObject([{ ending: 'no-bid', answer: { seatbid: [], nbr: 500 } }]);
});

test('no time for any call: nbr 15, at once', async () => {
  const world = new World(['a', 'b']);
  await world.run({ deadlineAtMs: ARRIVED_AT_MS + 4 });
  expect(world.calls.size).toBe(0);
  expect(world.answers).toMatchObject([{ ending: 'no-bid', answer: { nbr: 15 } }]);
});

test('a stopped DSP is not waited for', async () => {
  const world = new World(['a', 'b']);
  world.dsps[0]!.stop();
  await world.run();
  await world.replies('b', 204);
  expect(world.answers).toMatchObject([{ ending: 'no-bid' }]);
  expect(world.event.dsps).toMatchObject([{ dspId: 'b', result: 'no-bid' }]);
});

test('a bid that was dropped while reading gets its loss notice', async () => {
  const world = new World(['a']);
  await world.run();
  await world.bids('a', { price: null, lurl: 'https://a.example/loss?${AUCTION_LOSS}' });
  expect(world.event.dsps).toMatchObject([{ result: 'no-bid', dropped: [{ bidId: 'b', lossReason: 9 }] }]);
  expect(world.concluded[0]!.notices.now).toEqual([
    { kind: 'loss', dspId: 'a', about: null, url: 'https://a.example/loss?9' },
  ]);
});

test('a test request is recorded as one and never billed', async () => {
  const world = new World(['a']);
  await world.run({ request: buildRequest({ test: 1 }) });
  await world.bids('a', { burl: 'https://a.example/bill' });
  expect(world.event).toMatchObject({ isTest: true, ending: 'won', billingNotices: [] });
});

describe('cancelled', () => {
  test('while DSPs are asked: no answer, calls abandoned, recorded without decision', async () => {
    const world = new World(['a', 'b']);
    const { cancel } = await world.run();
    await world.bids('a', { nurl: 'https://a.example/win' });
    cancel();
    await settled();
    expect(world.answers).toEqual([{ answer: null, ending: 'cancelled' }]);
    expect(world.abandoned).toContain('b');
    expect(world.event).toMatchObject({
      ending: 'cancelled',
      closing: null,
      input: null,
      outcome: null,
      dsps: [{ dspId: 'a' }],
    });
    expect(world.concluded[0]!.notices).toEqual({ now: [], onBilling: [] });
    await world.pass(200);
    expect(world.concluded).toHaveLength(1);
  });

  test('after the answer: nothing happens', async () => {
    const world = new World([]);
    const { cancel } = await world.run();
    cancel();
    await settled();
    expect(world.answers).toHaveLength(1);
    expect(world.concluded).toHaveLength(1);
  });
});

describe('markup from the win notice URL', () => {
  const bid = { price: 3, adm: '', nurl: 'https://a.example/win?p=${AUCTION_PRICE}' };

  test('is fetched until the time of the decision, served, and not notified again', async () => {
    const world = new World(['a']);
    await world.run();
    await world.bids('a', bid);
    expect(world.fetches).toMatchObject([{ url: 'https://a.example/win?p=0', deadlineAtMs: ARRIVED_AT_MS + 92 }]);
    expect(world.answers).toEqual([]);
    world.fetches[0]!.serve({ kind: 'fetched', markup: '<i>fetched</i>' });
    await settled();
    expect(world.answers[0]!.answer!.seatbid![0]!.bid[0]).toMatchObject({ adm: '<i>fetched</i>' });
    expect(world.concluded[0]!.notices.now).toEqual([]);
  });

  test('that cannot be had makes the runner-up win', async () => {
    const world = new World(['a', 'b']);
    await world.run();
    await world.bids('a', bid);
    await world.bids('b', { price: 2 });
    world.fetches[0]!.serve({ kind: 'failed' });
    await settled();
    expect(world.answers[0]!.answer!.seatbid).toMatchObject([{ seat: 'b' }]);
    expect(world.event.outcome!.bids[0]).toMatchObject({ status: 'refused', reason: 'missing-markup' });
  });
});

describe('a fault', () => {
  const brokenTerms = { terms: { imps: [] } } as unknown as Partial<AdmittedRequest>;

  test('in the auction is answered at once, recorded as failed, and told', async () => {
    const world = new World(['a', 'b']);
    await world.run(brokenTerms);
    await world.replies('a', 204);
    world.nowMs += 9;
    await world.replies('b', 204);
    expect(world.answers).toEqual([{ answer: null, ending: 'failed' }]);
    expect(world.event).toMatchObject({ ending: 'failed', input: null, dsps: [], timings: { answeredAtMs: 9 } });
    expect(world.faults).toMatchObject([{ actorName: 'auction-1', decision: 'stop' }]);
    await world.pass(200);
    expect(world.concluded).toHaveLength(1);
  });

  test('of whoever records the event costs neither the answer nor a second one', async () => {
    const world = new World([]);
    let recordings = 0;
    await world.run(
      {},
      {
        onConcluded: () => {
          recordings += 1;
          throw new Error('planted');
        },
      },
    );
    expect(world.answers).toMatchObject([{ ending: 'no-bid' }]);
    expect(recordings).toBe(1);
    expect(world.faults).toHaveLength(1);
  });

  test('of whoever takes the answer leaves an event', async () => {
    const world = new World([]);
    await world.run({
      onAnswer: () => {
        throw new Error('planted');
      },
    });
    expect(world.event.ending).toBe('failed');
    expect(world.faults).toHaveLength(1);
  });
});

describe('a house win', () => {
  /** A house bid of 5 that is paid when the test says so. */
  class House {
    readonly asked: OnReserved[] = [];
    readonly released: string[] = [];
    readonly entry = {
      isSettled: true,
      choose: () => [buildHouseBid('shoes', { priceMicros: 5_000_000 })],
      reserve: (_purchases: readonly Purchase[], onReserved: OnReserved) => void this.asked.push(onReserved),
      release: (reservations: readonly PurchaseReservation[]) => {
        for (const { key } of reservations) this.released.push(key);
      },
    } as unknown as HouseEntry;

    pay(): void {
      const lease = { accountId: 'account', epoch: 1, sequence: 1, amount: 1, heldMs: 1 };
      this.asked[0]!([{ key: 'key', bidIndex: 0, ...lease }], []);
    }
  }

  async function worldWith(house: House) {
    const world = new World(['a']);
    const actor = await world.run({}, { houseDemand: { enter: () => house.entry } });
    await world.bids('a', { price: 3 });
    expect(house.asked).toHaveLength(1);
    return { world, actor };
  }

  test('is answered once it is paid, and says from which lease', async () => {
    const house = new House();
    const { world } = await worldWith(house);
    expect(world.answers).toEqual([]);
    house.pay();
    await settled();
    expect(world.answers[0]!.answer!.seatbid![0]!.bid).toHaveLength(1);
    expect(world.event.reservations).toMatchObject([{ key: 'key', accountId: 'account', epoch: 1, sequence: 1 }]);
    expect(house.released).toEqual([]);
  });

  test('whose user is still asked about keeps the auction open until that is known', async () => {
    const house = new House();
    let settle = () => {};
    const entry = Object.assign(house.entry, {
      isSettled: false,
      settle: (onSettled: () => void) => {
        settle = onSettled;
      },
    });
    const world = new World(['a']);
    await world.run({}, { houseDemand: { enter: () => entry } });
    await world.bids('a', { price: 3 });
    expect(house.asked).toHaveLength(0);
    settle();
    await settled();
    house.pay();
    await settled();
    expect(world.event.reservations).toHaveLength(1);
  });

  test('that is paid behind the deadline is served all the same', async () => {
    const house = new House();
    const { world } = await worldWith(house);
    await world.pass(95);
    expect(house.asked).toHaveLength(1);
    house.pay();
    await settled();
    expect(world.event.ending).toBe('won');
  });

  test('that is refused leaves the place to the runner-up', async () => {
    const house = new House();
    const { world } = await worldWith(house);
    house.asked[0]!([], [{ bidIndex: 0, reason: 'frequency-capped' }]);
    await settled();
    expect(world.answers[0]!.answer!.seatbid).toMatchObject([{ seat: 'a' }]);
    expect(world.event.reservations).toEqual([]);
  });

  test('whose client has gone is given back when it is paid', async () => {
    const house = new House();
    const { world, actor } = await worldWith(house);
    actor.cancel();
    await settled();
    expect(world.event.ending).toBe('cancelled');
    house.pay();
    await settled();
    expect(house.released).toEqual(['key']);
    expect(world.event.reservations).toEqual([]);
  });

  test('whose client goes in the same turn is given back', async () => {
    const house = new House();
    const { world, actor } = await worldWith(house);
    actor.cancel();
    house.pay();
    await settled();
    expect(world.event.ending).toBe('cancelled');
    expect(house.released).toEqual(['key']);
  });
});
