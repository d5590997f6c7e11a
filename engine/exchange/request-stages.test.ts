import { describe, expect, test } from 'vitest';
import type { Bid, BidRequest } from '../../openrtb/types.ts';
import type { DspReply } from '../dsp/reply.ts';
import { createWaitingModel, learnBid } from '../dsp/waiting/waiting-model.ts';
import { WAITING_DEFAULTS } from '../dsp/waiting/waiting-value.ts';
import type { ClickEstimates } from '../estimation/click-estimates.ts';
import type { EstimateAnswer, EstimateQuestion } from '../estimation/estimate-question.ts';
import type { DecisionRules } from './decision.ts';
import {
  advance,
  type Conclusion,
  openRequest,
  type RequestEffect,
  type RequestMessage,
  type RequestState,
  rankingFor,
} from './request-stages.ts';
import {
  bidReply,
  buildRequest,
  buildSubject,
  buildTerms,
  DECISION_RULES,
  noBidReply,
} from './testing/build-exchange.ts';

function open(dspCount: number, request: BidRequest = buildRequest()): RequestState {
  return openRequest(request, buildTerms(request), DECISION_RULES, buildSubject(request), dspCount);
}

/** Starts the request and lets the replies come; gives the effects of the last of them. */
function collect(state: RequestState, ...replies: DspReply[]): readonly RequestEffect[] {
  let effects = advance(state, { kind: 'start' }, 0);
  for (const reply of replies) effects = advance(state, { kind: 'replied', reply }, 10);
  return effects;
}

function conclusionOf(effects: readonly RequestEffect[]): Conclusion {
  expect(effects).toMatchObject([{ kind: 'conclude' }]);
  return (effects[0] as Extract<RequestEffect, { kind: 'conclude' }>).conclusion;
}

const markup = (bidIndex: number, text: string | null): RequestMessage => ({
  kind: 'markup',
  bidIndex,
  outcome: text === null ? { kind: 'failed' } : { kind: 'fetched', markup: text },
});

/** A bid whose markup must be fetched. */
const unserved = (dsp: string, price: number): Partial<Bid> => ({
  id: `of-${dsp}`,
  price,
  adm: '',
  nurl: `https://${dsp}.example/win?p=\${AUCTION_PRICE}`,
});

const winners = ({ answer }: Conclusion) => answer!.seatbid!.flatMap(({ bid }) => bid);

describe('collecting', () => {
  test('starts with the solicitation and waits', () => {
    const state = open(2);
    expect(advance(state, { kind: 'start' }, 0)).toEqual([{ kind: 'solicit' }]);
    expect(advance(state, { kind: 'replied', reply: noBidReply('a') }, 5)).toEqual([]);
    expect(state).toMatchObject({ stage: 'collecting', outstanding: 1 });
  });

  test('ends when the last DSP has replied', () => {
    const state = open(2);
    const conclusion = conclusionOf(collect(state, bidReply('a', [{ price: 3 }]), bidReply('b', [{ price: 2 }])));
    expect(conclusion.ending).toBe('won');
    expect(winners(conclusion)).toMatchObject([{ price: 2 }]);
    expect(conclusion.notified.size).toBe(0);
    expect(state).toMatchObject({ stage: 'concluded', closedAtMs: 10 });
  });

  test('ends at the deadline with what has come', () => {
    const state = open(3);
    collect(state, bidReply('a', [{}]));
    const conclusion = conclusionOf(advance(state, { kind: 'deadline' }, 90));
    expect(conclusion.ending).toBe('won');
    expect(state.closedAtMs).toBe(90);
  });

  test('does not wait for a DSP that took no mail', () => {
    const state = open(2);
    collect(state, noBidReply('a'));
    expect(conclusionOf(advance(state, { kind: 'not-awaited' }, 6)).ending).toBe('no-bid');
  });

  test('does not begin without DSPs', () => {
    const conclusion = conclusionOf(advance(open(0), { kind: 'start' }, 0));
    expect(conclusion).toMatchObject({ ending: 'no-bid', answer: { id: 'request-1', seatbid: [], nbr: 500 } });
  });

  test('ends at once when the client is gone: no answer, no decision', () => {
    const state = open(2);
    collect(state, bidReply('a', [{}]));
    expect(conclusionOf(advance(state, { kind: 'client-gone' }, 6))).toMatchObject({
      ending: 'cancelled',
      answer: null,
      decision: null,
    });
    expect(state.replies).toHaveLength(1);
  });
});

describe('estimates of a model elsewhere', () => {
  const question = (index: number): EstimateQuestion => ({
    index,
    version: 'v1',
    exactKey: index,
    coarseKey: 0,
    row: new Float64Array(0),
    facts: new Int32Array(0),
    prior: 0.001,
    campaignTag: 0,
    userTag: 0,
    deviceTag: 0,
    bornAtMs: 0,
  });
  let shown: string[][];
  let campaigns: string[];
  const estimates: ClickEstimates = {
    mayAsk: true,
    estimate: (_subject, candidates, campaignIds) => {
      shown.push(candidates.map(({ bidId }) => bidId));
      campaigns.push(...campaignIds);
      return candidates.flatMap(({ bidId }, index) => (bidId === 'known' ? [] : [question(index)]));
    },
  };
  const rules: DecisionRules = {
    ...DECISION_RULES,
    estimates,
    bidding: new Map(['a', 'b'].map((id) => [id, { pricing: 'cpc' as const, quality: 1 }])),
  };
  const begin = (dspCount: number): RequestState => {
    shown = [];
    campaigns = [];
    const request = buildRequest();
    const state = openRequest(request, buildTerms(request), rules, buildSubject(request), dspCount);
    advance(state, { kind: 'start' }, 0);
    return state;
  };
  const answer = (index: number, value: number): EstimateAnswer => ({ index, value, source: 'model', model: 'v1' });
  const replied = (state: RequestState, reply: DspReply, nowMs = 10) =>
    advance(state, { kind: 'replied', reply }, nowMs);
  const asked = (effects: readonly RequestEffect[]) =>
    effects.flatMap((effect) => (effect.kind === 'ask-estimates' ? [effect.questions.map(({ index }) => index)] : []));

  test('are asked for as click-priced bids come, by index of the bid', () => {
    const state = begin(4);
    expect(replied(state, bidReply('mille', [{ id: 'm' }]))).toEqual([]);
    expect(asked(replied(state, bidReply('a', [{ id: 'known' }, { id: 'x', cid: 'c1' }])))).toEqual([[2]]);
    expect(asked(replied(state, bidReply('b', [{ id: 'y' }])))).toEqual([[3]]);
    expect(shown).toEqual([['known', 'x'], ['y']]);
    expect(campaigns).toEqual(['', 'c1', '']);
  });

  test('that came while others were out are not waited for', () => {
    const state = begin(2);
    replied(
      state,
      bidReply('a', [
        { id: 'x', price: 1 },
        { id: 'y', price: 1 },
      ]),
    );
    advance(state, { kind: 'estimated', answers: [answer(0, 0.1), answer(1, 0.2)] }, 12);
    const conclusion = conclusionOf(replied(state, noBidReply('b'), 20));
    expect(winners(conclusion)).toMatchObject([{ id: 'y' }]);
    expect(conclusion.decision!.input.bids).toMatchObject([
      { ctr: 0.1, ctrSource: 'model', ctrModel: 'v1' },
      { ctr: 0.2, ctrSource: 'model', ctrModel: 'v1' },
    ]);
  });

  test('that are missing when the last DSP has replied are waited for', () => {
    const state = begin(1);
    expect(asked(replied(state, bidReply('a', [{ id: 'x' }, { id: 'y' }])))).toEqual([[0, 1]]);
    expect(state).toMatchObject({ stage: 'estimating', decision: null, closing: 'all-replied' });
    const conclusion = conclusionOf(
      advance(state, { kind: 'estimated', answers: [answer(1, 0.2), answer(0, 0.1)] }, 25),
    );
    expect(winners(conclusion)).toMatchObject([{ id: 'y' }]);
    expect(state.closedAtMs).toBe(25);
  });

  test('are waited for until the deadline at most, and come too late then', () => {
    const state = begin(1);
    replied(state, bidReply('a', [{ id: 'x' }]));
    const conclusion = conclusionOf(advance(state, { kind: 'deadline' }, 90));
    expect(conclusion.decision!.input.bids[0]).toMatchObject({ ctr: 0.001, ctrSource: 'prior' });
    expect(state.closing).toBe('all-replied');
    expect(advance(state, { kind: 'estimated', answers: [answer(0, 0.1)] }, 91)).toEqual([]);
  });

  test('are not waited for when the deadline ended collecting', () => {
    const state = begin(2);
    replied(state, bidReply('a', [{ id: 'x' }]));
    expect(conclusionOf(advance(state, { kind: 'deadline' }, 90)).ending).toBe('won');
  });

  test('of a bid do not change once its markup is being fetched', () => {
    const state = begin(2);
    replied(state, bidReply('a', [unserved('a', 5)]));
    expect(advance(state, { kind: 'deadline' }, 90)).toMatchObject([{ kind: 'fetch-markup' }]);
    advance(state, { kind: 'estimated', answers: [answer(0, 0.5)] }, 91);
    const conclusion = conclusionOf(advance(state, markup(0, '<b>ad</b>'), 92));
    expect(conclusion.decision!.input.bids[0]).toMatchObject({ ctrSource: 'prior' });
  });

  test('are nothing to a client that has gone', () => {
    const state = begin(1);
    replied(state, bidReply('a', [{ id: 'x' }]));
    expect(conclusionOf(advance(state, { kind: 'client-gone' }, 12))).toMatchObject({ ending: 'cancelled' });
  });

  test('change what a look finds', () => {
    const request = buildRequest();
    const waiting = { options: WAITING_DEFAULTS, rate: 1, collectUntilMs: 90 };
    const calls = [{ model: createWaitingModel(), calledAtMs: 0, deadlineAtMs: 30, isOver: false }];
    shown = [];
    campaigns = [];
    const state = openRequest(request, buildTerms(request), rules, buildSubject(request), 2, waiting);
    advance(state, { kind: 'start' }, 0);
    replied(state, bidReply('a', [{ id: 'x', price: 1 }]));
    advance(state, { kind: 'look', calls }, 20);
    expect(state.decision!.input.bids[0]).toMatchObject({ ctr: 0.001 });
    advance(state, { kind: 'estimated', answers: [answer(0, 0.5)] }, 21);
    advance(state, { kind: 'look', calls }, 22);
    expect(state.decision!.input.bids[0]).toMatchObject({ ctr: 0.5 });
  });
});

describe('looking whether to wait', () => {
  const waiting = { options: WAITING_DEFAULTS, rate: 1, collectUntilMs: 90 };
  const progressive = () => {
    const request = buildRequest();
    return openRequest(request, buildTerms(request), DECISION_RULES, buildSubject(request), 2, waiting);
  };
  const out = { model: createWaitingModel(), calledAtMs: 0, deadlineAtMs: 30, isOver: false };
  const look = (isOver: boolean): RequestMessage => ({ kind: 'look', calls: [{ ...out, isOver }] });

  test('begins at the preliminary mark, unless the deadline comes first', () => {
    expect(advance(progressive(), { kind: 'start' }, 0)).toEqual([{ kind: 'solicit' }, { kind: 'look-at', atMs: 20 }]);
    expect(advance(progressive(), { kind: 'start' }, 80)).toEqual([{ kind: 'solicit' }]);
  });

  test('goes on for a DSP of which nothing is known, as long as nothing is won without it', () => {
    const state = progressive();
    collect(state, noBidReply('a'));
    learnBid(out.model, 1_000_000, 0);
    expect(advance(state, look(false), 20)).toEqual([{ kind: 'look-at', atMs: 22 }]);
  });

  test('closes when it is not worth it, and replies after that change nothing', () => {
    const state = progressive();
    collect(state, bidReply('a', [{ price: 3 }]));
    expect(conclusionOf(advance(state, look(true), 20)).ending).toBe('won');
    expect(state).toMatchObject({ closing: 'not-worth-waiting', closedAtMs: 20 });
    expect(advance(state, { kind: 'replied', reply: bidReply('b', [{ price: 9 }]) }, 21)).toEqual([]);
  });

  test('decides anew for the bids that came after a look', () => {
    const state = progressive();
    collect(state, bidReply('a', [{ price: 3 }]));
    for (let bid = 0; bid < 50; bid++) learnBid(out.model, 9_000_000, 3_000_000);
    expect(advance(state, look(false), 20)).toMatchObject([{ kind: 'look-at' }]);
    const conclusion = conclusionOf(advance(state, { kind: 'replied', reply: bidReply('b', [{ price: 5 }]) }, 21));
    expect(conclusion.answer!.seatbid).toMatchObject([{ seat: 'seat-of-b' }]);
    expect(conclusion.decision!.input.bids).toHaveLength(2);
  });

  test('ranks the bids once per decision', () => {
    const state = progressive();
    collect(state, bidReply('a', [{ price: 3 }]));
    advance(state, look(false), 20);
    const first = rankingFor(state, state.decision!);
    advance(state, look(false), 22);
    expect(rankingFor(state, state.decision!)).toBe(first);
    advance(state, { kind: 'replied', reply: bidReply('b', [{ price: 5 }]) }, 23);
    expect(rankingFor(state, state.decision!).imps).toMatchObject([{ dspIds: ['b', 'a'] }]);
    expect(first.imps).toMatchObject([{ dspIds: ['a'] }]);
  });

  test('waits while no call is known to be out', () => {
    const state = progressive();
    collect(state);
    expect(advance(state, { kind: 'look', calls: [] }, 20)).toEqual([{ kind: 'look-at', atMs: 22 }]);
  });
});

describe('no bid', () => {
  test('500 when DSPs had time and nothing won', () => {
    const state = open(2);
    const noTime = noBidReply('a', { result: 'skipped', detail: 'no-time' });
    const conclusion = conclusionOf(collect(state, noTime, noBidReply('b')));
    expect(conclusion).toMatchObject({ ending: 'no-bid', answer: { nbr: 500 } });
    expect(conclusion.decision).not.toBeNull();
  });

  test('15 when there was no time to ask anybody', () => {
    const noTime = ['a', 'b'].map((dspId) => noBidReply(dspId, { result: 'skipped', detail: 'no-time' }));
    expect(conclusionOf(collect(open(2), ...noTime)).answer!.nbr).toBe(15);
  });

  test('500 when the deadline came before any reply', () => {
    const state = open(1);
    collect(state);
    expect(conclusionOf(advance(state, { kind: 'deadline' }, 90)).answer!.nbr).toBe(500);
  });

  test('500 when all bids were refused', () => {
    const conclusion = conclusionOf(collect(open(1), bidReply('a', [{ impid: 'unknown' }])));
    expect(conclusion).toMatchObject({ ending: 'no-bid', answer: { nbr: 500 } });
    expect(conclusion.decision!.outcome.bids).toMatchObject([{ status: 'refused' }]);
  });
});

describe('fetching markup', () => {
  test('of a winner without adm, from its nurl with the price', () => {
    const state = open(2);
    const effects = collect(state, bidReply('a', [unserved('a', 3)]), bidReply('b', [{ price: 2 }]));
    expect(effects).toEqual([{ kind: 'fetch-markup', bidIndex: 0, url: 'https://a.example/win?p=2' }]);
    expect(state.stage).toBe('fetching-markup');
    const conclusion = conclusionOf(advance(state, markup(0, '<i>${AUCTION_PRICE}</i>'), 20));
    expect(winners(conclusion)).toMatchObject([{ price: 2, adm: '<i>2</i>' }]);
    expect([...conclusion.notified]).toEqual([0]);
    expect(state.closedAtMs).toBe(10);
  });

  test.each([null, ''])('failed (%j): the runner-up wins at its own price', (text) => {
    const state = open(3);
    const replies = [bidReply('a', [unserved('a', 5)]), bidReply('b', [{ price: 3 }]), bidReply('c', [{ price: 2 }])];
    collect(state, ...replies);
    const conclusion = conclusionOf(advance(state, markup(0, text), 20));
    expect(winners(conclusion)).toMatchObject([{ price: 2, adm: '<b>ad</b>' }]);
    expect(conclusion.ending).toBe('won');
    expect(conclusion.decision!.outcome.bids[0]).toMatchObject({ status: 'refused', reason: 'missing-markup' });
    expect([...conclusion.notified]).toEqual([0]);
  });

  test.each([
    ['insecure on a secure imp', '<img src="http://a.example/i.png">', 'insecure-markup'],
    ['of the wrong kind', '<VAST version="4.0"/>', 'markup-of-wrong-kind'],
  ])('brought markup %s: judged as if it had come with the bid', (_name, text, reason) => {
    const imp = [{ id: '1', secure: 1, banner: { w: 300, h: 250 } }];
    const state = open(2, buildRequest({ imp }));
    collect(state, bidReply('a', [unserved('a', 5)]), bidReply('b', [{ price: 3 }]));
    const conclusion = conclusionOf(advance(state, markup(0, text), 20));
    expect(winners(conclusion)).toMatchObject([{ adm: '<b>ad</b>' }]);
    expect(conclusion.decision!.outcome.bids[0]).toMatchObject({ status: 'refused', reason });
    expect([...conclusion.notified]).toEqual([0]);
  });

  test('failed, and the second winner has none either', () => {
    const state = open(2);
    collect(state, bidReply('a', [unserved('a', 5)]), bidReply('b', [unserved('b', 3)]));
    expect(advance(state, markup(0, null), 20)).toEqual([
      { kind: 'fetch-markup', bidIndex: 1, url: 'https://b.example/win?p=0' },
    ]);
    const conclusion = conclusionOf(advance(state, markup(1, '<i>b</i>'), 25));
    expect(winners(conclusion)).toMatchObject([{ id: 'of-b', adm: '<i>b</i>' }]);
    expect([...conclusion.notified].sort()).toEqual([0, 1]);
  });

  test('failed for all: nobody wins', () => {
    const state = open(2);
    collect(state, bidReply('a', [unserved('a', 5)]), bidReply('b', [unserved('b', 3)]));
    advance(state, markup(0, null), 20);
    const conclusion = conclusionOf(advance(state, markup(1, null), 25));
    expect(conclusion).toMatchObject({ ending: 'no-bid', answer: { nbr: 500, seatbid: [] } });
  });

  test('of two winners at once: the answer waits for both', () => {
    const imp = ['1', '2'].map((id) => ({ id, banner: { w: 300, h: 250 } }));
    const state = open(1, buildRequest({ imp }));
    const bids = ['1', '2'].map((impid) => ({ ...unserved(`dsp${impid}`, 2), id: impid, impid }));
    expect(collect(state, bidReply('a', bids)).map(({ kind }) => kind)).toEqual(['fetch-markup', 'fetch-markup']);
    expect(advance(state, markup(1, '<i>two</i>'), 20)).toEqual([]);
    const conclusion = conclusionOf(advance(state, markup(0, null), 21));
    expect(winners(conclusion)).toMatchObject([{ impid: '2', adm: '<i>two</i>' }]);
  });

  test('ends at the deadline: who has markup by then wins, and a call under way was a notice', () => {
    const state = open(3);
    collect(
      state,
      bidReply('a', [unserved('a', 5)]),
      bidReply('b', [unserved('b', 4)]),
      bidReply('c', [{ id: 'of-c', price: 3 }]),
    );
    expect(state).toMatchObject({ stage: 'fetching-markup', closedAtMs: 10 });
    const conclusion = conclusionOf(advance(state, { kind: 'deadline' }, 90));
    expect(winners(conclusion)).toMatchObject([{ id: 'of-c' }]);
    expect([...conclusion.notified]).toEqual([0]);
  });

  test('asks twice at most, however many bids came without markup', () => {
    const state = open(1);
    const bids = Array.from({ length: 200 }, (_, index) => ({ ...unserved('a', 200 - index), id: `${index}` }));
    collect(state, bidReply('a', bids, {}));
    let effects: readonly RequestEffect[] = [];
    for (let bidIndex = 0; bidIndex < 2; bidIndex++) effects = advance(state, markup(bidIndex, null), 20);
    expect(conclusionOf(effects)).toMatchObject({ ending: 'no-bid' });
  });

  test('a URL that was never asked is no notice', () => {
    const state = open(1);
    collect(state, bidReply('a', [unserved('a', 5)]));
    const message: RequestMessage = { kind: 'markup', bidIndex: 0, outcome: { kind: 'not-sent' } };
    expect([...conclusionOf(advance(state, message, 20)).notified]).toEqual([]);
  });

  test('is not fetched for groups and positions, whose prices another forfeit would change', () => {
    const state = open(1);
    const effects = collect(state, bidReply('a', [unserved('a', 5)], { group: true }));
    expect(conclusionOf(effects)).toMatchObject({ ending: 'no-bid' });
  });

  test('takes no more bids', () => {
    const state = open(2);
    collect(state, bidReply('a', [unserved('a', 5)]));
    advance(state, { kind: 'deadline' }, 90);
    expect(advance(state, { kind: 'replied', reply: bidReply('b', [{ price: 9 }]) }, 91)).toEqual([]);
    expect(state.replies).toHaveLength(1);
    expect(winners(conclusionOf(advance(state, markup(0, '<i/>'), 92)))).toMatchObject([{ id: 'of-a' }]);
  });

  test('ends when the client is gone', () => {
    const state = open(1);
    collect(state, bidReply('a', [unserved('a', 5)]));
    expect(conclusionOf(advance(state, { kind: 'client-gone' }, 20))).toMatchObject({
      ending: 'cancelled',
      answer: null,
      decision: null,
    });
  });
});

test('a concluded request does nothing more', () => {
  const state = open(1);
  collect(state, bidReply('a', [{}]));
  const messages: RequestMessage[] = [
    { kind: 'start' },
    { kind: 'replied', reply: noBidReply('b') },
    { kind: 'not-awaited' },
    { kind: 'deadline' },
    markup(0, '<i/>'),
    { kind: 'client-gone' },
  ];
  for (const message of messages) expect(advance(state, message, 99)).toEqual([]);
  expect(state.replies).toHaveLength(1);
});
