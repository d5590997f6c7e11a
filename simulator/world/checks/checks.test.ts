/** Each rule of each check, broken once. */
import { describe, expect, it, test } from 'vitest';
import type { History, Observation } from '../history.ts';
import { judge } from './judge.ts';
import {
  ACCOUNT,
  answerBody,
  HOUSE_KEY,
  LEASE,
  LEASED,
  OFFER,
  PRICE,
  PROCESS,
  smallHistory,
  spoil,
  spoilRest,
  transfer,
} from './testing/small-history.ts';

function violations(history: History): Record<string, readonly string[]> {
  const figures = judge(history, null).filter((check) => check.violations.length > 0);
  return Object.fromEntries(figures.map((check) => [check.id, check.violations]));
}

/** By this check, and by no other unless it is named. */
function expectFound(history: History, id: string, text: RegExp, alsoIn: readonly string[] = []): void {
  const found = violations(history);
  expect(found[id]?.join('\n')).toMatch(text);
  expect(Object.keys(found).filter((other) => other !== id && !alsoIn.includes(other))).toEqual([]);
}

test('a world in which all is well', () => {
  const figures = judge(smallHistory(), smallHistory());
  expect(figures.flatMap((check) => check.violations)).toEqual([]);
  const idle = figures.filter(({ judged }) => judged === 0).map(({ id }) => id);
  expect(idle).toEqual(['O6']);
});

describe('O1', () => {
  it('sees money that was not there', () => {
    const history = spoil('transfer', (seen) => (seen.to === 'tranched' ? { ...seen, amount: 3 * PRICE } : seen));
    expectFound(history, 'O1', /short of 2000000/);
  });

  it('sees fractions and nothings', () => {
    expectFound(
      spoil('traffic-ended', (seen) => [seen, transfer({ from: 'spent', to: 'available', amount: 0 })]),
      'O1',
      /0 from/,
    );
  });

  it('sees a ledger whose balances are not its journal', () => {
    const spent = { ...ACCOUNT, spent: 2 * PRICE, available: ACCOUNT.available - PRICE };
    expectFound(spoilRest({ accounts: [spent] }), 'O1', /spent is 4000000, by the journal 2000000/);
  });

  it('sees a budget that is not the sum of its parts', () => {
    expectFound(
      spoilRest({ accounts: [{ ...ACCOUNT, budget: 11 * PRICE }] }),
      'O1',
      /a budget of 22000000 is 20000000/,
    );
  });

  it('sees a DSP that owes more than is had', () => {
    expectFound(
      spoil('receivable', (seen) => ({ ...seen, exchangeFee: 0 })),
      'O1',
      /owes 2000000/,
    );
  });
});

describe('O2', () => {
  it('sees a budget that is overspent', () => {
    expectFound(
      spoil('budget-set', (seen) => ({ ...seen, budget: PRICE - 1 })),
      'O2',
      /c1 has spent 2000000 of 1999999/,
    );
  });

  it('sees a day that is overspent', () => {
    expectFound(
      spoil('budget-set', (seen) => ({ ...seen, dailyBudget: 1 })),
      'O2',
      /c1 2026-11-21 has spent/,
    );
  });

  it('sees a lease that sells more than it holds', () => {
    const small = spoil('transfer', (seen) => {
      const isLeased = seen.to === 'leased' || seen.to === 'tranched';
      if (seen.to === 'available' && seen.from === 'leased') return [];
      return isLeased ? { ...seen, amount: PRICE - 1 } : seen;
    });
    expect(violations(small).O2?.join()).toMatch(/lease c1 1.1 had 1999999 and gave 2000000: a2/);
  });

  it('sees a lease that is given back and spent, too', () => {
    const back = transfer({ atMs: 900, from: 'leased', to: 'available', amount: LEASED, lease: LEASE });
    const early = spoil('process-started', (seen) => seen);
    const at = early.observations.findIndex((seen) => seen.kind === 'request-sent' && seen.requestId === 'r2');
    const observations = early.observations.toSpliced(at, 0, back);
    expect(violations({ ...early, observations }).O2?.[0]).toMatch(/had 8000000 and gave 10000000/);
  });
});

describe('O3', () => {
  it('sees a bill that comes twice', () => {
    expectFound(
      spoil('receivable', (seen) => [seen, seen]),
      'O3',
      /a1\/1\/impression is billed again/,
    );
  });

  it('sees an advertiser billed and ourselves, too', () => {
    const absorbed = transfer({ from: 'absorbed', to: 'served', amount: PRICE, key: HOUSE_KEY, atMs: 4000 });
    const twice = spoil('transfer', (seen) => (seen.to === 'spent' ? [seen, absorbed] : seen));
    expectFound(twice, 'O3', /billed again/, ['O1']);
  });

  it('sees a bill that nobody has reported', () => {
    expectFound(
      spoil('report-sent', (seen) => ({ ...seen, key: `${seen.key}s` })),
      'O3',
      /nobody has reported/,
      ['O4'],
    );
  });

  it('sees another price than that of the answer', () => {
    const history = spoil('receivable', (seen) => ({
      ...seen,
      amount: seen.amount + 1,
      exchangeFee: seen.exchangeFee + 1,
    }));
    expectFound(history, 'O3', /is billed 2000001, and was sold for 2000000/);
  });
});

describe('O4', () => {
  it('sees an event that is nowhere', () => {
    const lost = spoil('receivable', () => []);
    expectFound(
      { ...lost, rest: { ...lost.rest!, storedEventIds: new Set() } },
      'O4',
      /a1\/1\/impression.* is nowhere/,
    );
  });

  it('sees an event that is never booked, where all settles', () => {
    const waiting = spoil('receivable', () => []);
    expectFound(waiting, 'O4', /is not booked/);
    expect(violations({ ...waiting, facts: { ...waiting.facts, mode: 'safety' } })).toEqual({});
  });

  it('does not mind what was not acknowledged, or came too late', () => {
    const unpaid = spoil('receivable', () => []);
    const refused = unpaid.observations.map((seen) =>
      seen.kind === 'report-answered' ? { ...seen, status: 503 } : seen,
    );
    expect(violations({ ...unpaid, observations: refused })).toEqual({});
    const late = { ...unpaid.facts, billableMsMin: 10 };
    expect(violations({ ...unpaid, facts: late })).toEqual({});
  });
});

describe('O5', () => {
  const answerOf = (body: unknown): History =>
    spoil('answer-left', (seen) => (seen.requestId === 'r1' ? { ...seen, body } : seen));

  it('sees a second answer', () => {
    expectFound(
      spoil('answer-left', (seen) => [seen, seen]),
      'O5',
      /r1 is answered 2 times/,
      ['O2'],
    );
  });

  it('sees a request that hangs, but not one whose engine died', () => {
    const silent = spoil('answer-left', (seen) => (seen.status === 200 && seen.requestId === 'r1' ? [] : seen));
    expectFound(silent, 'O5', /r1, arrived at 105 ms, is never answered/, ['O3']);
    const died: Observation = { kind: 'process-ended', atMs: 120, process: 'engine-1', how: 'killed' };
    expect(violations({ ...silent, observations: [...silent.observations, died] }).O5).toBeUndefined();
  });

  it('sees an answer after tmax', () => {
    const late = spoil('request-sent', (seen) => ({ ...seen, request: { ...seen.request, tmax: 31 } }));
    expectFound(late, 'O5', /r1 took 32 ms of 31/);
    expect(violations({ ...late, facts: { ...late.facts, lateShareMax: 1 } })).toEqual({});
  });

  it('does not mind what a blocked process is late with', () => {
    const late = spoil('request-sent', (seen) => ({ ...seen, request: { ...seen.request, tmax: 31 } }));
    const busy = { fault: 'process-busy', target: 'engine-1' } as const;
    const span = [
      { kind: 'fault-began', atMs: 90, ...busy },
      { kind: 'fault-ended', atMs: 95, ...busy },
    ] as const;
    expect(violations({ ...late, observations: [...span, ...late.observations] })).toEqual({});
  });

  it('sees a bid that came after the deadline that its DSP was told', () => {
    const late = spoil('reply-arrived', (seen) => ({ ...seen, atMs: seen.atMs + 0.01 }));
    expectFound(late, 'O5', /came too late: d1 was given 30 ms and took 30\.0/);
  });

  it('sees a bid that nobody made', () => {
    expectFound(
      spoil('reply-arrived', (seen) => ({ ...seen, offers: [] })),
      'O5',
      /nobody had offered it/,
    );
  });

  it('sees a price above the bid, ours or theirs', () => {
    const cheap = spoil('reply-arrived', (seen) => ({ ...seen, offers: [{ ...OFFER, priceMicros: PRICE - 1 }] }));
    expectFound(cheap, 'O5', /above its bid of 1999999/);
    const { facts } = smallHistory();
    const houseAds = new Map([['ours', { ...facts.houseAds.get('ours')!, bidMicrosMax: PRICE - 1 }]]);
    expectFound({ ...smallHistory(), facts: { ...facts, houseAds } }, 'O5', /ours of ours is sold for 2000000/);
  });

  it('sees a price below the floor', () => {
    const imp = [{ id: '1', bidfloor: 2.000001, banner: { w: 300, h: 250 } }];
    const dear = spoil('request-sent', (seen) => ({ ...seen, request: { ...seen.request, imp } }));
    expectFound(dear, 'O5', /below its floor of 2000001/);
  });

  it('sees what is no answer to the request', () => {
    expectFound(answerOf({ ...(answerBody(1) as object), id: 'r9' }), 'O5', /to another request/);
    expectFound(answerOf({ ...(answerBody(1) as object), seatbid: 'none' }), 'O5', /not valid OpenRTB/, ['O3']);
    expectFound(answerOf(answerBody(1, { impid: '2' })), 'O5', /imp 2 is sold, and was not asked for/, ['O3']);
    const { seatbid, ...rest } = answerBody(1) as { seatbid: unknown[] };
    expectFound(answerOf({ ...rest, seatbid: [...seatbid, ...seatbid] }), 'O5', /imp 1 is sold twice/);
    expectFound(
      spoil('answer-left', (seen) => (seen.requestId === 'r1' ? { ...seen, status: 500 } : seen)),
      'O5',
      /r1 is answered 500/,
      ['O3'],
    );
  });
});

describe('O6', () => {
  const MOMENTS = { firstFaultMs: 60_000, healedMs: 90_000, endsMs: 180_000 };

  /** Five requests a second; of those after the faults `answer` says what becomes of them. */
  function steady(
    answer: (requestNumber: number) => { readonly calls: number; readonly tookMs: number } | null,
  ): History {
    const observations: Observation[] = [];
    for (let number = 0, atMs = 0; atMs < MOMENTS.endsMs; number++, atMs += 200) {
      const requestId = `r${number}`;
      const outcome = atMs < MOMENTS.firstFaultMs ? { calls: 3, tookMs: 30 } : answer(number);
      if (atMs === MOMENTS.firstFaultMs)
        observations.push({ kind: 'fault-began', atMs, fault: 'dsp-silent', target: 'd1' });
      if (atMs === MOMENTS.healedMs) observations.push({ kind: 'healed', atMs });
      const request = { id: requestId, imp: [] };
      observations.push({ kind: 'request-sent', atMs, requestId, process: 'engine-1', request });
      if (outcome === null) {
        observations.push({ kind: 'request-lost', atMs, requestId });
        continue;
      }
      observations.push({ kind: 'request-arrived', atMs, requestId });
      for (let call = 0; call < outcome.calls; call++) {
        const callId = `${requestId} ${call}`;
        observations.push({ kind: 'call-sent', atMs, callId, process: 'engine-1', dspId: 'd1', requestId, tmaxMs: 30 });
      }
      observations.push({ kind: 'answer-left', atMs: atMs + outcome.tookMs, requestId, status: 204, body: null });
    }
    const { facts } = smallHistory();
    return { ...smallHistory(), facts: { ...facts, houseAds: new Map() }, observations, rest: null };
  }

  it('is content with what is as it was', () => {
    const figures = judge(
      steady(() => ({ calls: 3, tookMs: 30 })),
      null,
    );
    expect(figures.flatMap((check) => check.violations)).toEqual([]);
    expect(figures.find(({ id }) => id === 'O6')!.judged).toBe(4);
  });

  it('sees errors, slowness and lost demand that stay', () => {
    expectFound(
      steady((number) => (number % 4 === 0 ? null : { calls: 3, tookMs: 30 })),
      'O6',
      /% are answered/,
    );
    expectFound(
      steady(() => ({ calls: 3, tookMs: 80 })),
      'O6',
      /answers take 80 ms after the faults, 30 ms before/,
    );
    expectFound(
      steady(() => ({ calls: 2, tookMs: 30 })),
      'O6',
      /2 calls a request after the faults, 3 before/,
    );
  });
});

describe('O7', () => {
  it('sees timers, calls and requests that stay', () => {
    expectFound(spoilRest({ processes: [{ ...PROCESS, timers: 15 }] }), 'O7', /15 timers/);
    expectFound(spoilRest({ processes: [{ ...PROCESS, callsUnderWay: 1 }] }), 'O7', /1 calls under way/);
    expectFound(spoilRest({ processes: [{ ...PROCESS, requestsUnderWay: 1 }] }), 'O7', /counts 1 requests/);
  });

  const isReturn = (seen: Extract<Observation, { kind: 'transfer' }>): boolean =>
    seen.from === 'leased' && seen.to === 'available';

  it('sees money in a lease that nobody wants', () => {
    const kept = spoil('transfer', (seen) => (isReturn(seen) ? [] : seen));
    const accounts = [{ ...ACCOUNT, available: ACCOUNT.budget - LEASED, leased: LEASED - PRICE }];
    expectFound({ ...kept, rest: { ...kept.rest!, accounts } }, 'O7', /6000000 are in leases that nobody wants/);
  });

  it('sees a lease that its holder never returned, unless it could not', () => {
    const swept = spoil('transfer', (seen) => (isReturn(seen) ? { ...seen, by: 'sweep' } : seen));
    expectFound(swept, 'O7', /lease c1 1.1: 6000000 were stranded with engine-1/);
    for (const excuse of [
      { kind: 'process-ended', atMs: 2500, process: 'engine-1', how: 'killed' },
      { kind: 'fault-began', atMs: 2500, fault: 'partition', target: 'engine-1' },
    ] as const) {
      expect(violations({ ...swept, observations: [...swept.observations, excuse] })).toEqual({});
    }
    const outage = { kind: 'fault-began', atMs: 2500, fault: 'outage', target: 'ledger' } as const;
    const found = { ...swept, observations: [...swept.observations, outage] };
    expectFound(found, 'O7', /stranded with engine-1/);
    const stopped = { kind: 'process-ended', atMs: 2600, process: 'engine-1', how: 'stopped' } as const;
    expect(violations({ ...found, observations: [...found.observations, stopped] })).toEqual({});
  });

  it('does not mind a reservation that ran out and is swept', () => {
    const released = transfer({
      from: 'reserved',
      to: 'leased',
      amount: PRICE,
      lease: LEASE,
      key: HOUSE_KEY,
      by: 'sweep',
    });
    const swept = transfer({ from: 'leased', to: 'available', amount: PRICE, lease: LEASE, by: 'sweep' });
    const unpaid = spoil('transfer', (seen) => (seen.to === 'spent' ? [released, swept] : seen));
    const accounts = [{ ...ACCOUNT, available: ACCOUNT.budget, spent: 0 }];
    expect(violations({ ...unpaid, rest: { ...unpaid.rest!, accounts } }).O7).toBeUndefined();
  });
});

test('O8 sees where two runs of one seed part', () => {
  const other = { ...spoil('receivable', (seen) => ({ ...seen, atMs: 501 })), traceHash: 'g'.repeat(64) };
  const determinism = judge(smallHistory(), other).find(({ id }) => id === 'O8')!;
  expect(determinism.violations[0]).toMatch(/they part at .*"atMs":500.* and .*"atMs":501/);
});

test('only the first violations are kept, all are counted', () => {
  const many = spoil('receivable', (seen) => Array.from({ length: 30 }, () => seen));
  const { violations: kept } = judge(many, null).find(({ id }) => id === 'O3')!;
  expect(kept).toHaveLength(21);
  expect(kept.at(-1)).toBe('and 9 more');
});
