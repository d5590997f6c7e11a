import nact from 'nact';
import { afterEach, describe, expect, test } from 'vitest';
import { ManualTimers } from '../adapters/notices/testing/manual-timers.ts';
import { compileFloorRules } from '../engine/auction/floors.ts';
import type { AuctionEvent } from '../engine/exchange/auction-event.ts';
import { buildExchangeRules, buildRequest, DECISION_RULES } from '../engine/exchange/testing/build-exchange.ts';
import type { AdAnswer } from '../engine/ports/ad-requests.ts';
import { createRequestReader } from '../openrtb/read-request.ts';
import type { BidRequest } from '../openrtb/types.ts';
import type { AdmissionGate, Visit } from './admission-gate.ts';
import type { DspMessage } from './dsp-actor.ts';
import { createIntake, type IntakeOptions } from './intake.ts';
import { type Mailbox, spawnParent } from './mailbox.ts';
import type { RequestEnvironment } from './request-actor.ts';

const ARRIVED_AT_MS = 500;
const READ_REQUEST = createRequestReader();

const systems: nact.ActorSystemRef[] = [];
afterEach(() => {
  for (const system of systems.splice(0)) nact.stop(system as never);
});

const settled = async () => {
  for (let turn = 0; turn < 6; turn++) await new Promise((resolve) => setImmediate(resolve));
};

/** An intake in front of one DSP that takes every offer and never replies. */
function start(overrides: Partial<IntakeOptions> = {}, environment: Partial<RequestEnvironment> = {}) {
  const system = nact.start();
  systems.push(system);
  const offers: Extract<DspMessage, { kind: 'solicit' }>['fanOut'][] = [];
  const events: AuctionEvent[] = [];
  const answers: AdAnswer[] = [];
  const observed: string[] = [];
  const timers = new ManualTimers();
  const silentDsp = {
    tell: (message: DspMessage) => {
      if (message.kind === 'solicit') offers.push(message.fanOut);
      return true;
    },
  } as unknown as Mailbox<DspMessage>;
  let auctions = 0;
  const isSelling = true;
  const intake = createIntake({
    parent: spawnParent(system, 'requests'),
    environment: {
      clock: { wallMs: () => 0, monotonicMs: () => ARRIVED_AT_MS },
      timers,
      rules: DECISION_RULES,
      dsps: [silentDsp],
      decisionReserveMs: 3,
      waiting: null,
      shaping: null,
      houseDemand: null,
      estimating: null,
      teaching: null,
      markupFetcher: { fetch: () => {} },
      tracker: null,
      userKeyOf: () => null,
      onBegun: () => {},
      onLate: () => {},
      onConcluded: (event) => events.push(event),
      onFault: () => observed.push('fault'),
      ...environment,
    },
    gate: null,
    readRequest: READ_REQUEST,
    strictness: 'default',
    exchangeRules: buildExchangeRules(),
    learnedReserves: () => 0,
    deadlines: { tmaxDefaultMs: 100, tmaxMaxMs: 1000, networkAllowanceMs: 5 },
    outgoing: { seller: { domain: 'exchange.example', sellerId: 's' }, forwardedExtensions: new Set() },
    nextAuctionId: () => `auction-${auctions++}`,
    isSelling: () => isSelling,
    observer: {
      onRefused: (code) => observed.push(`refused ${code}`),
      onDiagnostics: (diagnostics) => observed.push(...diagnostics.map(({ code }) => `deviation ${code}`)),
      onStripped: (rule) => observed.push(`stripped ${rule}`),
      onStarted: () => observed.push('started'),
    },
    ...overrides,
  });
  const take = async (request: BidRequest | string) => {
    const text = typeof request === 'string' ? request : JSON.stringify(request);
    const place = intake.admit('', null)!;
    const cancel = place.take(new TextEncoder().encode(text), ARRIVED_AT_MS, (answer) => answers.push(answer));
    await settled();
    return cancel;
  };
  const deadline = async () => {
    timers.advance(1000);
    await settled();
  };
  return { intake, take, deadline, offers, events, answers, observed };
}

test('a good request is offered with the time there is, and answered at the deadline', async () => {
  const { take, deadline, offers, events, answers, observed } = start();
  await take(buildRequest({ tmax: 60 }));
  expect(observed).toEqual(['started']);
  expect(offers).toHaveLength(1);
  expect(offers[0]!.deadlineAtMs).toBe(ARRIVED_AT_MS + 60 - 5 - 3);
  expect(offers[0]!.solicitation.request).toMatchObject({
    id: 'request-1',
    at: 2,
    source: { schain: { nodes: [{ asi: 'exchange.example', sid: 'pub-1', rid: 'auction-0' }] } },
  });
  expect(answers).toEqual([]);
  await deadline();
  expect(answers).toEqual([{ httpStatus: 200, body: { id: 'request-1', seatbid: [], nbr: 500 } }]);
  expect(events).toMatchObject([{ auctionId: 'auction-0', ending: 'no-bid', input: { auctionId: 'auction-0' } }]);
});

test('floor rules and learned reserves reach the auction', async () => {
  const anything = { publisherId: null, placementId: null, country: null, size: null, mediaType: null };
  const floors = compileFloorRules([{ ...anything, publisherId: 'pub-1', floorCpmMicros: 11 }]);
  const learnedReserves = (reserveKey: string) => (reserveKey === 'pub-1\u001ftop' ? 22 : 0);
  const { take, deadline, events } = start({ exchangeRules: buildExchangeRules({ floors }), learnedReserves });
  await take(buildRequest());
  await deadline();
  expect(events[0]!.input!.imps).toMatchObject([{ ruleFloorCpmMicros: 11, learnedFloorCpmMicros: 22 }]);
});

describe('bad input is answered at once with path and reason, and starts nothing', () => {
  test.each([
    ['no JSON', '{', 400, { path: '', code: 'not-json' }, ''],
    ['no imp', '{"id":"r","imp":[]}', 400, { path: 'imp', code: 'no-usable-imp' }, 'r'],
    ['too large', `"${'x'.repeat(300_000)}"`, 413, { path: '', code: 'too-large' }, ''],
  ])('%s', async (_name, body, httpStatus, error, id) => {
    const { take, answers, offers, events, observed } = start();
    const cancel = await take(body);
    expect(answers).toMatchObject([{ httpStatus, body: { id, nbr: 2, ext: { gavel: { error } } } }]);
    expect(Object.keys((answers[0]!.body.ext!.gavel as { error: object }).error)).toEqual(['path', 'code', 'message']);
    expect(observed).toContain(`refused ${error.code}`);
    expect(observed).not.toContain('started');
    cancel();
    await settled();
    expect([offers, events]).toEqual([[], []]);
  });

  test('unpriceable', async () => {
    const { take, answers, offers, observed } = start();
    await take(buildRequest({ cur: ['CHF'] }));
    expect(answers).toEqual([{ httpStatus: 200, body: { id: 'request-1', seatbid: [], nbr: 502 } }]);
    expect(observed).toEqual(['refused unpriceable']);
    expect(offers).toEqual([]);
  });
});

test('deviations are counted, whatever becomes of the request', async () => {
  const { take, observed } = start();
  await take('{"id":1,"imp":[{"id":"1","banner":{"w":1,"h":1}}],"site":{"id":"s"}}');
  expect(observed).toEqual(['deviation number-for-string', 'started']);
});

test('what privacy withholds is in no offer and no event', async () => {
  const { take, deadline, offers, events, observed } = start();
  await take(
    buildRequest({
      user: { id: 'canary' },
      device: { ifa: 'canary', ip: '192.0.2.77', geo: { country: 'DEU' } },
      regs: { coppa: 1 },
    }),
  );
  await deadline();
  expect(observed).toEqual(['stripped coppa', 'started']);
  const seen = JSON.stringify([offers[0]!.solicitation.request, events]);
  expect(seen).not.toContain('canary');
  expect(seen).not.toContain('192.0.2.77');
  expect(seen).toContain('192.0.2.0');
  expect(events[0]!.features.country).toBe('DEU');
});

test('a cancelled request is not answered, and recorded as cancelled', async () => {
  const { take, deadline, answers, events } = start();
  const cancel = await take(buildRequest());
  cancel();
  await deadline();
  expect(answers).toEqual([]);
  expect(events).toMatchObject([{ ending: 'cancelled' }]);
});

test('a failed auction is answered with nbr 1', async () => {
  const schedule = () => {
    throw new Error('planted');
  };
  const { take, answers, events, observed } = start({}, { timers: { schedule, cancel: () => {} } });
  await take(buildRequest());
  expect(answers).toEqual([{ httpStatus: 200, body: { id: 'request-1', seatbid: [], nbr: 1 } }]);
  expect(events).toMatchObject([{ ending: 'failed' }]);
  expect(observed).toEqual(['started', 'fault']);
});

describe('admission', () => {
  function gated(seen: string[], visit: Visit | null): AdmissionGate {
    return {
      enter: () => visit,
      leave: () => seen.push('left'),
      joinAuction: (_visit: Visit, auctionId: string, arrivedAtMs: number) => seen.push(`${auctionId} ${arrivedAtMs}`),
      dspsAsked: () => Uint32Array.of(1),
    } as unknown as AdmissionGate;
  }
  const visitAt = (degrade: Visit['degrade']): Visit => ({
    hints: { sourceKey: 0, placementKey: 0, floorCpmMicros: 0 },
    degrade,
    admittedAtMs: ARRIVED_AT_MS,
  });
  const asked: string[] = [];
  const dsp = (id: string) =>
    ({
      tell: (message: DspMessage) => message.kind === 'solicit' && asked.push(id) > 0,
    }) as unknown as Mailbox<DspMessage>;
  const dsps = [dsp('first'), dsp('best')];

  test('who is refused is counted and gets no place', () => {
    const { intake, observed } = start({ gate: gated([], null) });
    expect(intake.admit('', null)).toBeNull();
    expect(observed).toEqual(['refused overloaded']);
  });

  test.each([
    ['a request that cannot be used', '{', ['left']],
    ['an auction', JSON.stringify(buildRequest()), [`auction-0 ${ARRIVED_AT_MS}`]],
    ['an unpriceable request', JSON.stringify(buildRequest({ cur: ['CHF'] })), ['left']],
  ])('%s gives its place back or takes it along', async (_name, body, expected) => {
    const seen: string[] = [];
    const { take } = start({ gate: gated(seen, visitAt(0)) });
    await take(body);
    expect(seen).toEqual(expected);
  });

  test('a fault of ours while reading gives the place back', async () => {
    const seen: string[] = [];
    const readRequest = () => {
      throw new Error('ours');
    };
    const { take } = start({ gate: gated(seen, visitAt(0)), readRequest });
    await expect(take('{}')).rejects.toThrow('ours');
    expect(seen).toEqual(['left']);
  });

  test.each([
    ['in full service all', 0, {}, ['first', 'best']],
    ['degraded only the best', 1, {}, ['best']],
    [
      'with a deal all',
      2,
      { imp: [{ id: '1', banner: { w: 1, h: 1 }, pmp: { deals: [{ id: 'd' }] } }] },
      ['first', 'best'],
    ],
  ] as const)('%s are asked', async (_name, degrade, parts, expected) => {
    asked.length = 0;
    const { take } = start({ gate: gated([], visitAt(degrade)) }, { dsps });
    await take(buildRequest(parts as never));
    expect(asked).toEqual(expected);
  });

  test('whom degraded requests ask is put together once, and again when others are best', async () => {
    asked.length = 0;
    let copies = 0;
    const counted = new Proxy(dsps, {
      get: (all, name) => {
        if (name === '0' || name === '1') copies += 1;
        return Reflect.get(all, name);
      },
    });
    let best = Uint32Array.of(1);
    const gate = Object.assign(gated([], visitAt(1)), { dspsAsked: () => best });
    const { take } = start({ gate }, { dsps: counted });
    for (let request = 0; request < 3; request++) await take(buildRequest());
    expect(copies).toBe(1);
    best = Uint32Array.of(0);
    for (let request = 0; request < 2; request++) await take(buildRequest());
    expect(asked).toEqual(['best', 'best', 'best', 'first', 'first']);
    expect(copies).toBe(2);
  });
});
