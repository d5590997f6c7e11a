import nact from 'nact';
import { afterEach, describe, expect, test } from 'vitest';
import { DSP_HEALTH_DEFAULTS } from '../engine/dsp/dsp-health.ts';
import type { DspReply } from '../engine/dsp/reply.ts';
import { type RequestShaping, shapeRequest } from '../engine/dsp/shaping/request-shaping.ts';
import { SHAPER_DEFAULTS } from '../engine/dsp/shaping/shaper.ts';
import { dialect, Solicitation } from '../engine/dsp/solicitation.ts';
import { buildRequest } from '../engine/exchange/testing/build-exchange.ts';
import type { DspCall, DspTransport, DspTransportResult } from '../engine/ports/dsp-transport.ts';
import { requestFeatures } from '../engine/traffic/request-features.ts';
import { createResponseReader } from '../openrtb/read-response.ts';
import { type DspActorOptions, type DspMessage, spawnDspActor } from './dsp-actor.ts';
import type { FanOut } from './fan-out.ts';
import { type Mailbox, spawnParent } from './mailbox.ts';
import { type ActorFault, restartWithin } from './supervision.ts';

const NOW_MS = 1000;
const time = { nowMs: NOW_MS, blockedMs: 0 };
const clock = { wallMs: () => 0, monotonicMs: () => time.nowMs };
const HEALTH = { ...DSP_HEALTH_DEFAULTS, timeoutMs: 30, timeoutMsMin: 5, inFlightMax: 2, callsPerSecondMax: null };
const READ_RESPONSE = createResponseReader();

const systems: nact.ActorSystemRef[] = [];
afterEach(() => {
  time.nowMs = NOW_MS;
  time.blockedMs = 0;
  for (const system of systems.splice(0)) nact.stop(system as never);
});

/** Enough turns of the event loop for nact to handle everything there is. */
const settled = async () => {
  for (let turn = 0; turn < 6; turn++) await new Promise((resolve) => setImmediate(resolve));
};

/** Answers when the test says so. */
class FakeTransport implements DspTransport {
  readonly calls: { readonly call: DspCall; readonly answer: (result: DspTransportResult) => void }[] = [];
  abandoned = 0;
  readonly call: DspTransport['call'] = (call, answer) => {
    this.calls.push({ call, answer });
    return () => {
      this.abandoned += 1;
    };
  };
  readonly close = async () => {};
}

function start(overrides: Partial<DspActorOptions> = {}) {
  const system = nact.start();
  systems.push(system);
  const transport = new FakeTransport();
  const observed: DspReply[] = [];
  const faults: ActorFault[] = [];
  const replyFaults: unknown[] = [];
  const { mailbox, snapshot, shapingSnapshot } = spawnDspActor(spawnParent(system, 'residents'), {
    definition: {
      id: 'a',
      health: HEALTH,
      shaping: null,
      dialect: dialect({ version: '2.5', quirks: [], blockedAdvertisers: [], blockedCategories: [] }),
      wakesForBids: false,
      reply: { strictness: 'default', readResponse: READ_RESPONSE },
    },
    transport,
    clock,
    random: () => 0.5,
    loop: { blockedMsBetween: () => time.blockedMs },
    supervisor: restartWithin({ restartsMax: 1, windowMs: 1000 }, (fault) => faults.push(fault)),
    observer: {
      onReply: (_dspId, reply) => observed.push(reply),
      onReplyFault: (error) => replyFaults.push(error),
    },
    onOverflow: () => {},
    ...overrides,
  });
  return { mailbox, snapshot, shapingSnapshot, transport, observed, faults, replyFaults };
}

/** A request actor's side of the fan-out; `isOver` once nobody waits any more. */
function fanOut(deadlineAtMs = NOW_MS + 90) {
  const replies: DspReply[] = [];
  const waiting = { isOver: false };
  const notAwaited: string[] = [];
  const late: DspReply[] = [];
  let wakeUps = 0;
  const post = (message: { kind: string; reply?: DspReply }) => {
    if (waiting.isOver) return false;
    if (message.reply === undefined || message.kind === 'replied-unawaited') notAwaited.push(message.kind);
    if (message.reply !== undefined) replies.push(message.reply);
    return true;
  };
  const offer: FanOut = {
    solicitation: new Solicitation(buildRequest()),
    shaping: null,
    deadlineAtMs,
    replyTo: {
      post,
      tell: (message: Parameters<typeof post>[0]) => {
        wakeUps += 1;
        return post(message);
      },
    } as unknown as FanOut['replyTo'],
    awaited: [],
    delivered: 0,
    onLateReply: (reply) => late.push(reply),
    abandons: [],
  };
  return { offer, replies, notAwaited, late, waiting, wakeUps: () => wakeUps };
}

const solicit = (offer: FanOut): DspMessage => ({ kind: 'solicit', fanOut: offer });
const answered = (body: string, status = 200): DspTransportResult => ({
  kind: 'answered',
  status,
  body: new TextEncoder().encode(body),
  latencyMs: 7,
});
const BID = '{"id":"request-1","seatbid":[{"bid":[{"id":"b","impid":"1","price":1,"adm":"<b>ad</b>"}]}]}';

async function ask(mailbox: Mailbox<DspMessage>, deadlineAtMs?: number) {
  const asked = fanOut(deadlineAtMs);
  mailbox.tell(solicit(asked.offer));
  await settled();
  return asked;
}

test('calls with the body of its dialect, the tmax and deadline it has, and replies with what came', async () => {
  const { mailbox, transport, observed } = start();
  const { offer, replies } = await ask(mailbox);
  const { call, answer } = transport.calls[0]!;
  expect(call).toMatchObject({ dspId: 'a', version: '2.5', deadlineAtMs: NOW_MS + 30 });
  expect(JSON.parse(new TextDecoder().decode(call.body))).toEqual({ tmax: 30, ...buildRequest() });
  expect(replies).toEqual([]);
  answer(answered(BID));
  expect(replies).toMatchObject([{ dspId: 'a', result: 'bid', latencyMs: 7 }]);
  expect(observed).toEqual(replies);
  expect(offer.abandons).toHaveLength(1);
});

test('wakes the auction for bids whose estimates are asked for, and only for those', async () => {
  const definition = {
    id: 'a',
    health: HEALTH,
    shaping: null,
    dialect: dialect({ version: '2.5', quirks: [], blockedAdvertisers: [], blockedCategories: [] }),
    reply: { strictness: 'default', readResponse: READ_RESPONSE },
  } as const;
  for (const [wakesForBids, body, wakeUpCount] of [
    [true, BID, 1],
    [true, '{"id":"request-1","seatbid":[]}', 0],
    [false, BID, 0],
  ] as const) {
    const { mailbox, transport } = start({ definition: { ...definition, wakesForBids } });
    const { replies, wakeUps } = await ask(mailbox);
    transport.calls[0]!.answer(answered(body));
    expect(replies).toHaveLength(1);
    expect(wakeUps()).toBe(wakeUpCount);
  }
});

test('has no longer than the auction', async () => {
  const { mailbox, transport } = start();
  await ask(mailbox, NOW_MS + 12);
  expect(transport.calls[0]!.call.deadlineAtMs).toBe(NOW_MS + 12);
});

test('replies at once when there is no time, without a call', async () => {
  const { mailbox, transport, observed } = start();
  const { offer, replies } = await ask(mailbox, NOW_MS + 4);
  expect(transport.calls).toEqual([]);
  expect(replies).toMatchObject([{ result: 'skipped', detail: 'no-time' }]);
  expect(observed).toEqual(replies);
  expect(offer.abandons).toEqual([]);
});

test('at capacity it calls again once a result has come', async () => {
  const { mailbox, transport } = start();
  await ask(mailbox);
  await ask(mailbox);
  // Twice: a skip frees no place.
  for (let skip = 0; skip < 2; skip++) {
    expect((await ask(mailbox)).replies).toMatchObject([{ result: 'skipped', detail: 'at-capacity' }]);
  }
  expect(transport.calls).toHaveLength(2);
  transport.calls[0]!.answer(answered('', 204));
  await ask(mailbox);
  expect(transport.calls).toHaveLength(3);
});

test('an answer to another request is invalid, not a bid', async () => {
  const { mailbox, transport } = start();
  const { replies } = await ask(mailbox);
  transport.calls[0]!.answer(answered(BID.replace('request-1', 'request-2')));
  expect(replies).toMatchObject([{ result: 'invalid', detail: 'response-id-differs', response: null }]);
});

test('a reply for an auction that is over is handed back as late, and frees its place', async () => {
  const { mailbox, transport, observed } = start();
  const first = await ask(mailbox);
  await ask(mailbox);
  first.waiting.isOver = true;
  transport.calls[0]!.answer({ kind: 'timeout', phase: 'headers', latencyMs: 30 });
  expect(first.late).toMatchObject([{ dspId: 'a', result: 'timeout' }]);
  expect(observed).toMatchObject([{ result: 'timeout' }]);
  await ask(mailbox);
  expect(transport.calls).toHaveLength(3);
});

test('a crash forgets the calls under way; their results still reach their auctions', async () => {
  const { mailbox, transport, faults } = start();
  const first = await ask(mailbox);
  const second = await ask(mailbox);
  mailbox.tell(solicit({ ...fanOut().offer, solicitation: null as unknown as Solicitation }));
  await settled();
  // At capacity the broken offer is not looked at: a free place is needed for the crash.
  expect(faults).toEqual([]);
  transport.calls[0]!.answer(answered(BID));
  mailbox.tell(solicit({ ...fanOut().offer, solicitation: null as unknown as Solicitation }));
  await settled();
  expect(faults.map(({ decision }) => decision)).toEqual(['restart']);
  await ask(mailbox);
  await ask(mailbox);
  expect(transport.calls).toHaveLength(4);
  transport.calls[1]!.answer(answered(BID));
  expect([first.replies.length, second.replies.length]).toEqual([1, 1]);
});

test('stopped for good, it refuses mail', async () => {
  const { mailbox, faults } = start();
  for (let crash = 0; crash < 2; crash++) {
    mailbox.tell(solicit({ ...fanOut().offer, solicitation: null as unknown as Solicitation }));
    await settled();
  }
  expect(faults.map(({ decision }) => decision)).toEqual(['restart', 'stop']);
  expect(mailbox.tell(solicit(fanOut().offer))).toBe(false);
});

const TIMEOUT: DspTransportResult = { kind: 'timeout', phase: 'headers', latencyMs: 30 };

/** Asks and lets every call time out, over `forMs`. */
async function timeOut({ mailbox, transport }: ReturnType<typeof start>, calls: number, forMs: number) {
  for (let call = 0; call < calls; call++) {
    time.nowMs += forMs / calls;
    await ask(mailbox, time.nowMs + 90);
    transport.calls.at(-1)!.answer(TIMEOUT);
  }
}

test('a DSP that never answers is asked by probes only, for which no auction waits', async () => {
  const actor = start();
  await timeOut(actor, 12, 1200);
  await ask(actor.mailbox, time.nowMs + 90);
  expect(actor.snapshot()).toMatchObject({ state: 'open' });
  time.nowMs += 2500;
  const probed = await ask(actor.mailbox, time.nowMs + 90);
  expect(probed.notAwaited).toEqual(['not-awaited']);
  actor.transport.calls.at(-1)!.answer(answered(BID));
  expect(probed.notAwaited).toEqual(['not-awaited', 'replied-unawaited']);
  expect(probed.replies).toMatchObject([{ result: 'bid' }]);
});

test('timeouts for which our own loop was blocked are not held against the DSP, but no auction waits for it', async () => {
  const actor = start();
  time.blockedMs = 30;
  await timeOut(actor, 12, 1200);
  expect((await ask(actor.mailbox, time.nowMs + 90)).notAwaited).toEqual(['not-awaited']);
  expect(actor.snapshot()).toMatchObject({ state: 'healthy' });
});

test('timeouts are, for a part of which it was', async () => {
  const actor = start();
  time.blockedMs = 12;
  await timeOut(actor, 12, 1200);
  await ask(actor.mailbox, time.nowMs + 90);
  expect(actor.snapshot()).toMatchObject({ state: 'open' });
});

test.each(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM'])(
  'that we could not connect for want of something of ours (%s) is not held against the DSP',
  async (code) => {
    const actor = start();
    await failToConnect(actor, code);
    expect(actor.snapshot()).toMatchObject({ state: 'healthy' });
  },
);

test('that a DSP refuses connections is', async () => {
  const actor = start();
  await failToConnect(actor, 'ECONNREFUSED');
  expect(actor.snapshot()).toMatchObject({ state: 'open' });
});

async function failToConnect({ mailbox, transport }: ReturnType<typeof start>, code: string): Promise<void> {
  for (let call = 0; call < 12; call++) {
    time.nowMs += 100;
    await ask(mailbox, time.nowMs + 90);
    transport.calls.at(-1)!.answer({ kind: 'unreachable', code, latencyMs: 1 });
  }
  await ask(mailbox, time.nowMs + 90);
}

test('a fault of ours in reading an answer costs that answer only, and the DSP nothing', async () => {
  const fault = new Error('reader');
  const definition = {
    id: 'a',
    health: HEALTH,
    shaping: null,
    dialect: dialect({ version: '2.5', quirks: [], blockedAdvertisers: [], blockedCategories: [] } as const),
    wakesForBids: false,
    reply: {
      strictness: 'default',
      readResponse: () => {
        throw fault;
      },
    },
  } as const;
  const actor = start({ definition });
  for (let call = 0; call < 12; call++) {
    time.nowMs += 100;
    const { replies } = await ask(actor.mailbox, time.nowMs + 90);
    actor.transport.calls.at(-1)!.answer(answered(BID));
    expect(replies).toMatchObject([{ result: 'invalid', detail: 'fault' }]);
  }
  await ask(actor.mailbox, time.nowMs + 90);
  expect(actor.replyFaults).toEqual(new Array(12).fill(fault));
  expect(actor.snapshot()).toMatchObject({ state: 'healthy' });
  expect(actor.faults).toEqual([]);
});

test('a fault of ours in learning from a late reply is told, and does not reach the transport', async () => {
  const fault = new Error('deciding');
  const actor = start();
  const { offer } = fanOut();
  const onLateReply = () => {
    throw fault;
  };
  const refuse = { post: () => false } as unknown as FanOut['replyTo'];
  actor.mailbox.tell(solicit({ ...offer, replyTo: refuse, onLateReply }));
  await settled();
  actor.transport.calls[0]!.answer(answered(BID));
  expect(actor.replyFaults).toEqual([fault]);
  await ask(actor.mailbox);
  expect(actor.snapshot()).toMatchObject({ inFlight: 1 });
});

test('the mailbox holds the results of all calls that may be under way, and solicitations beside them', async () => {
  const inFlightMax = 20_000;
  let refused = 0;
  const { mailbox, transport } = start({
    definition: {
      id: 'a',
      health: { ...HEALTH, inFlightMax },
      shaping: null,
      dialect: dialect({ version: '2.5', quirks: [], blockedAdvertisers: [], blockedCategories: [] }),
      wakesForBids: false,
      reply: { strictness: 'default', readResponse: READ_RESPONSE },
    },
    onOverflow: () => {
      refused++;
    },
  });
  for (let waiting = 0; waiting < inFlightMax; ) {
    for (let batch = 0; batch < 5000; batch++, waiting++) mailbox.tell(solicit(fanOut().offer));
    await settled();
  }
  expect(transport.calls).toHaveLength(inFlightMax);
  for (const { answer } of transport.calls) answer(answered('', 204));
  expect(mailbox.tell(solicit(fanOut().offer))).toBe(true);
  expect(refused).toBe(0);
});

test('a late answer teaches how slow the DSP is', async () => {
  const { mailbox, transport, snapshot } = start();
  await ask(mailbox);
  expect(transport.calls[0]!.call.abortAtMs).toBe(NOW_MS + 90);
  transport.calls[0]!.answer(TIMEOUT);
  for (let answer = 0; answer < 20; answer++) transport.calls[0]!.call.onLateAnswer!(70);
  await ask(mailbox);
  expect(snapshot().p50Ms).toBeGreaterThan(60);
});

describe('traffic shaping', () => {
  const DEFINITION = {
    id: 'a',
    health: { ...HEALTH, inFlightMax: 100 },
    shaping: { ...SHAPER_DEFAULTS, warmUpAnswers: 20 },
    dialect: dialect({ version: '2.5', quirks: [], blockedAdvertisers: [], blockedCategories: [] }),
    wakesForBids: false,
    reply: { strictness: 'default', readResponse: READ_RESPONSE },
  } as const;

  /** A request as the request actor shapes it once something is known. */
  function shaped(country: string, thresholdMicros = 50_000, deal = false): RequestShaping {
    const imp = { id: '1', banner: { w: 300, h: 250 }, ...(deal && { pmp: { deals: [{ id: 'deal' }] } }) };
    const request = buildRequest({ device: { geo: { country } }, imp: [imp] });
    return shapeRequest(thresholdMicros, 0.03, requestFeatures(request), 0, 0.9);
  }

  async function asked({ mailbox }: ReturnType<typeof start>, shaping: RequestShaping) {
    const { offer, ...rest } = fanOut();
    mailbox.tell(solicit({ ...offer, shaping }));
    await settled();
    return rest;
  }

  /** Tells it what became of its answers: bids in Germany, none in France. */
  function teach({ mailbox }: ReturnType<typeof start>): void {
    const feedback = { bidMicros: 0, bestOtherMicros: 0 };
    for (let index = 0; index < 400; index++) {
      const hasBid = index % 2 === 0;
      const contributionMicros = hasBid ? 500_000 : 0;
      const lesson = { shaping: shaped(hasBid ? 'DEU' : 'FRA'), hasBid, contributionMicros, revenueMicros: 1_000_000 };
      mailbox.post({ kind: 'feedback', feedback, lesson });
    }
  }

  test('calls for everything until it has learned, then skips what is worth less than the threshold', async () => {
    const actor = start({ definition: DEFINITION });
    await asked(actor, shaped('FRA'));
    expect(actor.transport.calls).toHaveLength(1);
    teach(actor);
    await asked(actor, shaped('DEU'));
    expect(actor.transport.calls).toHaveLength(2);
    const { replies } = await asked(actor, shaped('FRA'));
    expect(actor.transport.calls).toHaveLength(2);
    expect(replies).toMatchObject([{ result: 'skipped', detail: 'low-value' }]);
    expect(actor.snapshot()).toMatchObject({ callCount: 2, inFlight: 2, skipCounts: { 'low-value': 1 } });
    expect(actor.shapingSnapshot()).toMatchObject({ isLearning: false, answerCount: 400, thresholdMicros: 50_000 });
  });

  test('calls all the same for a deal, and for requests that are not shaped', async () => {
    const actor = start({ definition: DEFINITION });
    teach(actor);
    await asked(actor, shaped('FRA', 50_000, true));
    await ask(actor.mailbox);
    expect(actor.transport.calls).toHaveLength(2);
  });

  test('learns nothing from calls that fail or time out', async () => {
    const actor = start({ definition: DEFINITION });
    await timeOut(actor, 8, 300);
    expect(actor.shapingSnapshot()).toMatchObject({ answerCount: 0 });
  });

  test('where it is off, nothing is shaped', async () => {
    const actor = start();
    teach(actor);
    await asked(actor, shaped('FRA'));
    expect(actor.transport.calls).toHaveLength(1);
    expect(actor.shapingSnapshot()).toBeNull();
  });
});
