import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Bid, BidRequest, Imp } from '../../openrtb/types.ts';
import { seededRandom } from '../random.ts';
import { type Decision, decide } from './behaviour.ts';
import type { Fault } from './faults.ts';
import { dspsOf, parseScenario, type SimulatedDsp } from './scenario.ts';
import { toWireAnswer } from './wire-answer.ts';

const NOTICE_URL = 'http://127.0.0.1:9001';

/** One DSP that bids on everything at once unless `extra` says otherwise. */
function dspWith(extra = ''): SimulatedDsp {
  const text = `
name: test
groups:
  - id: one
    count: 1
    latency: { medianMs: 10, sigma: 0.4 }
    bidRate: { default: 1 }
    price: { medianCpm: 2, sigma: 0.5 }
    deals: { probability: 0 }
${extra}`;
  return dspsOf(parseScenario(text, 'test.yaml'))[0]!;
}

function requestWith(imp: Partial<Imp>, extra: Partial<BidRequest> = {}): BidRequest {
  return {
    id: 'request-1',
    imp: [{ id: '1', banner: { format: [{ w: 320, h: 50 }] }, ...imp }],
    device: { devicetype: 4, w: 390, h: 844, geo: { country: 'USA' } },
    ...extra,
  };
}

function decideNth(dsp: SimulatedDsp, request: BidRequest, index: number): Decision {
  return decide(dsp, request, seededRandom(1).fork(String(index)), NOTICE_URL);
}

function bidsOf(dsp: SimulatedDsp, request: BidRequest, count = 1): Bid[] {
  const decisions = Array.from({ length: count }, (_, index) => decideNth(dsp, request, index));
  return decisions.flatMap(({ reply }) => reply?.seatbid ?? []).flatMap((seat) => seat.bid);
}

describe('a simulated DSP', () => {
  it('decides the same for the same stream and differs for another', () => {
    const dsp = dspWith();
    const first = decideNth(dsp, requestWith({}), 1);
    expect(decideNth(dsp, requestWith({}), 1)).toEqual(first);
    expect(decideNth(dsp, requestWith({}), 2)).not.toEqual(first);
  });

  it('answers with the request id, its currency and seat, and hears of wins, losses and bills at its own address', () => {
    const { reply } = decideNth(dspWith(), requestWith({}), 1);
    expect(reply).toMatchObject({ id: 'request-1', cur: 'USD', seatbid: [{ seat: 'one-01-main' }] });
    const bid = reply!.seatbid![0]!.bid[0]!;
    expect(bid.nurl).toMatch(/^http:\/\/127\.0\.0\.1:9001\/win\?.*\$\{AUCTION_PRICE\}/);
    expect(bid.lurl).toMatch(/^http:\/\/127\.0\.0\.1:9001\/loss\?.*\$\{AUCTION_LOSS\}/);
    expect(bid.burl).toMatch(/^http:\/\/127\.0\.0\.1:9001\/bill\?/);
  });

  it('draws latency and price around their medians', () => {
    const decisions = Array.from({ length: 4_000 }, (_, index) => decideNth(dspWith(), requestWith({}), index));
    const medianOf = (values: number[]) => values.sort((a, b) => a - b)[values.length / 2]!;
    expect(medianOf(decisions.map(({ delayMs }) => delayMs))).toBeCloseTo(10, 0);
    expect(medianOf(decisions.map(({ reply }) => reply!.seatbid![0]!.bid[0]!.price))).toBeCloseTo(2, 0);
  });

  it('multiplies its bid rate by the factors of device, country, size and media', () => {
    const dsp = dspWith().bidRate;
    const picky: SimulatedDsp = {
      ...dspWith(),
      bidRate: {
        ...dsp,
        default: 0.8,
        deviceType: { phone: 0.5 },
        country: { USA: 0.5 },
        size: { '320x50': 1.25 },
        media: { banner: 2 },
      },
    };
    expect(bidsOf(picky, requestWith({}), 4_000).length / 4_000).toBeCloseTo(0.5, 1);
    const never: SimulatedDsp = { ...picky, bidRate: { ...picky.bidRate, media: { banner: 0 } } };
    expect(bidsOf(never, requestWith({}), 200)).toHaveLength(0);
  });

  it('lengthens the tail with the probability it is given', () => {
    const dsp = dspWith();
    const tailed = { ...dsp, latency: { medianMs: 10, sigma: 0, tail: { probability: 0.25, multiplier: 4 } } };
    const delays = Array.from({ length: 2_000 }, (_, index) => decideNth(tailed, requestWith({}), index).delayMs);
    expect(new Set(delays)).toEqual(new Set([10, 40]));
    expect(delays.filter((delayMs) => delayMs === 40).length / 2_000).toBeCloseTo(0.25, 1);
  });

  it('stays away when its currency is not allowed, its value is below the floor or every advertiser is blocked', () => {
    expect(bidsOf(dspWith(), requestWith({}, { cur: ['EUR'] }))).toHaveLength(0);
    expect(bidsOf(dspWith(), requestWith({ bidfloor: 1_000 }))).toHaveLength(0);
    expect(bidsOf(dspWith(), requestWith({}, { badv: ['example.com'] }))).toHaveLength(0);
  });

  it('never bids below the floor and keeps to unblocked advertisers and admitted seats', () => {
    const dsp = dspWith('    seats: [a, b]\n    secondBid: 0.5\n');
    const request = requestWith({ bidfloor: 2 }, { bcat: ['IAB9', 'IAB2'], bseat: ['one-01-a'] });
    const bids = bidsOf(dsp, request, 500);
    expect(bids.length).toBeGreaterThan(100);
    for (const bid of bids) {
      expect(bid.price).toBeGreaterThanOrEqual(2);
      for (const category of bid.cat!) expect(category).not.toMatch(/^IAB(9|2)(-|$)/);
    }
    const seats = Array.from({ length: 100 }, (_, index) => decideNth(dsp, request, index).reply?.seatbid ?? []).flat();
    expect(new Set(seats.map(({ seat }) => seat))).toEqual(new Set(['one-01-b']));
  });

  it('sometimes makes a second bid from another seat, with its own id', () => {
    const { reply } = decideNth(dspWith('    seats: [a, b]\n    secondBid: 1\n'), requestWith({}), 1);
    expect(reply!.seatbid!.map(({ seat }) => seat).sort()).toEqual(['one-01-a', 'one-01-b']);
    const ids = reply!.seatbid!.flatMap(({ bid }) => bid.map(({ id }) => id));
    expect(new Set(ids).size).toBe(2);
  });

  it('that pays for actions bids its worth of a thousand impressions per action it expects of them', () => {
    const priced = (pricing: string) => {
      const plain = dspWith();
      return { ...plain, price: { ...plain.price, pricing, actionsPerMille: 0.5 } } as SimulatedDsp;
    };
    const request = requestWith({ bidfloor: 1.5 });
    const perMille = bidsOf(priced('cpm'), request, 200);
    for (const pricing of ['cpc', 'cpa']) {
      const perAction = bidsOf(priced(pricing), request, 200);
      expect(perAction).toHaveLength(perMille.length);
      for (const [index, { price }] of perAction.entries()) expect(price / 2).toBeCloseTo(perMille[index]!.price, 3);
    }
  });

  it('buys a deal at its floor or above, at the agreed price when there is one, and only from an invited seat', () => {
    const dsp = { ...dspWith(), deals: { probability: 1 } };
    const deal = (terms: object) => requestWith({ pmp: { private_auction: 1, deals: [{ id: 'd1', ...terms }] } });
    expect(bidsOf(dsp, deal({ bidfloor: 50 }))).toMatchObject([{ dealid: 'd1', price: 50 }]);
    expect(bidsOf(dsp, deal({ bidfloor: 7, at: 3 }))).toMatchObject([{ dealid: 'd1', price: 7 }]);
    expect(bidsOf(dsp, deal({ wseat: ['one-01-main'] }))).toHaveLength(1);
    expect(bidsOf(dsp, deal({ wseat: ['someone-else'] }))).toHaveLength(0);
  });

  it('says mtype to callers of 2.6 and not to callers of 2.5', () => {
    expect(bidsOf(dspWith(), requestWith({}))[0]).toMatchObject({ w: 320, h: 50, mtype: 1 });
    expect(bidsOf(dspWith("    version: '2.5'\n"), requestWith({}))[0]).not.toHaveProperty('mtype');
  });

  it('answers several imps in one response', () => {
    const banner = { format: [{ w: 300, h: 250 }] };
    const request = {
      ...requestWith({}),
      imp: [
        { id: 'a', banner },
        { id: 'b', banner },
      ],
    };
    expect(bidsOf(dspWith(), request).map(({ impid }) => impid)).toEqual(['a', 'b']);
  });
});

describe('faults', () => {
  const wireOf = (fault: Fault) =>
    toWireAnswer(decideNth(dspWith(`    faults: { ${fault}: 1 }\n`), requestWith({}), 1), NOTICE_URL);
  const bodyOf = (fault: Fault) => {
    const answer = wireOf(fault);
    if (answer.kind !== 'http') throw new Error(`${fault} sends no body`);
    return String(answer.body);
  };
  /** The first bytes of an answer that is not framed as HTTP. */
  const rawOf = (fault: Fault) => {
    const answer = wireOf(fault);
    if (answer.kind !== 'raw') throw new Error(`${fault} is framed`);
    const first = answer.pieces[Symbol.iterator]().next();
    return { ...answer, first: first.done ? '' : String(first.value) };
  };
  const firstBid = (fault: Fault) => JSON.parse(bodyOf(fault)).seatbid[0].bid[0];

  it('happen as often as the scenario says, bid faults even where the DSP seldom bids', () => {
    const dsp = dspWith('    faults: { reset: 0.1, wrong-id: 0.2 }\n');
    const shy = { ...dsp, bidRate: { ...dsp.bidRate, default: 0 } };
    const decisions = Array.from({ length: 4_000 }, (_, index) => decideNth(shy, requestWith({}), index));
    expect(decisions.filter(({ fault }) => fault === 'reset').length / 4_000).toBeCloseTo(0.1, 1);
    const spoiled = decisions.filter(({ fault }) => fault === 'wrong-id');
    expect(spoiled.length / 4_000).toBeCloseTo(0.2, 1);
    expect(spoiled.every(({ reply }) => reply !== null)).toBe(true);
  });

  it('in place of the answer', () => {
    expect(wireOf('no-answer')).toEqual({ kind: 'silence' });
    expect(wireOf('reset')).toEqual({ kind: 'reset' });
    expect(wireOf('http-500')).toMatchObject({ status: 500 });
    expect(wireOf('html-200')).toMatchObject({ status: 200, headers: 'Content-Type: text/html\r\n' });
    expect(wireOf('redirect')).toMatchObject({
      status: 302,
      headers: 'Location: http://localhost:9001/redirected\r\n',
    });
    expect(rawOf('hang-after-headers')).toMatchObject({ first: '', ending: 'hang' });
    expect(JSON.stringify(bodyOf('deep-json').slice(0, 3))).toBe('"[[["');
    expect(rawOf('huge-body').head).toContain('Content-Length: 52428800\r\n');
    expect(rawOf('huge-chunked').head).toContain('Transfer-Encoding: chunked\r\n');
    const bomb = wireOf('gzip-bomb') as { body: Buffer };
    expect(bomb.body.length).toBeLessThan(100_000);
    expect(gunzipSync(bomb.body)).toHaveLength(64 * 1024 * 1024);
  });

  it.each([
    ['huge-chunked', 50 * 1024 * 1024],
    ['endless-chunked', Number.POSITIVE_INFINITY],
  ] as const)('%s comes in chunks', (fault, bytes) => {
    const answer = wireOf(fault);
    let sent = 0;
    let last = '';
    for (const piece of answer.kind === 'raw' ? answer.pieces : []) {
      last = piece.toString('latin1', 0, 5);
      sent += Number.parseInt(last, 16);
      if (sent > 60 * 1024 * 1024) break;
    }
    expect(sent).toBe(Math.min(bytes, 60 * 1024 * 1024 + 64 * 1024));
    expect(last).toBe(bytes === Number.POSITIVE_INFINITY ? '10000' : '0\r\n\r\n');
  });

  it('in what a bid says', () => {
    expect(() => JSON.parse(bodyOf('truncated-json'))).toThrow(SyntaxError);
    expect(JSON.parse(bodyOf('wrong-id')).id).not.toBe('request-1');
    expect(JSON.parse(bodyOf('wrong-currency')).cur).toBe('XTS');
    expect(firstBid('negative-price').price).toBeLessThan(0);
    expect(firstBid('string-price').price).toMatch(/^\d+\.\d+$/);
    expect(bodyOf('infinite-price')).toContain('"price":1e999,');
    expect(firstBid('infinite-price').price).toBe(Number.POSITIVE_INFINITY);
    expect(firstBid('unknown-imp').impid).not.toBe('1');
    const [{ bid: twice }] = JSON.parse(bodyOf('duplicate-bids')).seatbid;
    expect(twice[1]).toEqual(twice[0]);
    expect(bodyOf('byte-order-mark')).toMatch(/^\ufeff\{/);
    expect(bodyOf('lone-surrogates')).toMatch(/"crid":"\\ud800/);
    expect(firstBid('late').impid).toBe('1');
  });

  it('in how a right answer is sent', () => {
    const dsp = dspWith('    faults: { trickle: 1 }\n');
    const right = JSON.stringify(decideNth(dsp, requestWith({}), 1).reply);
    const lengthIn = (head: string) => Number(/Content-Length: (\d+)\r\n/.exec(head)![1]);
    expect(rawOf('trickle')).toMatchObject({ first: '{', intervalMs: 10, ending: 'keep' });
    expect(lengthIn(rawOf('trickle').head)).toBe(right.length);
    expect(rawOf('reset-mid-body')).toMatchObject({ first: right.slice(0, right.length / 2), ending: 'reset' });
    expect(lengthIn(rawOf('short-length').head)).toBeLessThan(right.length);
    expect(lengthIn(rawOf('long-length').head)).toBe(right.length + 1);
    expect(rawOf('bad-chunking')).toMatchObject({ first: 'xyz\r\n', ending: 'close' });
    const twice = wireOf('double-gzip') as { body: Buffer };
    expect(gunzipSync(gunzipSync(twice.body)).toString()).toBe(right);
    expect(wireOf('unknown-encoding')).toMatchObject({ headers: expect.stringContaining('x-unknown') });
  });

  it('late multiplies the latency', () => {
    const onTime = decideNth(dspWith(), requestWith({}), 1).delayMs;
    expect(
      decideNth(dspWith('    faults: { late: 1 }\n    lateMultiplier: 7\n'), requestWith({}), 1).delayMs,
    ).toBeCloseTo(onTime * 7);
  });
});
