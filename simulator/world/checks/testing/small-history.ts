/**
 * A history in which all is well: a request that a DSP wins and one that a campaign of ours wins, both reported and billed, and a
 * world at rest. Tests spoil one thing of it each.
 */
import { DSP_SALE, HOUSE_SALE } from '../../../../engine/events/testing/build-events.ts';
import type { Sale } from '../../../../engine/exchange/sale.ts';
import { claimBody, claimHead, codeOf } from '../../../../engine/tracking/claim.ts';
import type { History, Observation, Offer, Rest, WorldFacts } from '../../history.ts';

const FACTS: WorldFacts = {
  seed: 7,
  mode: 'liveness',
  isMoneyHome: true,
  isBilling: true,
  tmaxDefaultMs: 100,
  tmaxMaxMs: 1000,
  houseAds: new Map([['ours', { accountId: 'c1', bidMicrosMax: 5_000_000, pricing: 'cpm', currency: 'USD' }]]),
  billableMsMin: 60_000,
  overspendAllowance: 0,
  lateShareMax: 0,
};

export const PRICE = 2_000_000;
const DSP: Sale = {
  ...DSP_SALE,
  amount: PRICE,
  currency: 'USD',
  creativeId: 'theirs',
  pricing: 'cpm',
  billedBy: 'impression',
};
const HOUSE: Sale = {
  ...HOUSE_SALE,
  payer: { kind: 'house', accountId: 'c1', unit: 'nanos', epoch: 1, sequence: 1 },
  amount: PRICE,
  currency: 'USD',
  creativeId: 'ours',
  pricing: 'cpm',
  billedBy: 'impression',
};
const LEASE = { epoch: 1, sequence: 1, processId: 'engine-1-5f' };
export const OFFER: Offer = {
  bidId: 'b1',
  impId: '1',
  priceMicros: 3_000_000,
  pricing: 'cpm',
  currency: 'USD',
  seat: 's',
  creativeId: 'theirs',
};

/** Of the one bid in an answer; the markup names the sale as a tracking URL does. */
export function answerBody(number: number, parts: { readonly price?: number; readonly impid?: string } = {}): unknown {
  const sale = number === 1 ? DSP : HOUSE;
  const head = claimHead({
    auctionId: `a${number}`,
    impId: '1',
    userKey: null,
    isTest: false,
    sale,
    billingNotice: null,
  });
  const bytes = Buffer.concat([
    Buffer.from([1, codeOf('impression')]),
    Buffer.alloc(16),
    Buffer.from(claimBody(head, null, null)),
    Buffer.alloc(16),
  ]);
  const adm = `<img src="https://e.example/event?t=${bytes.toString('base64url')}">`;
  const bid = { id: `b${number}`, impid: '1', price: PRICE / 1e6, crid: sale.creativeId, adm, ...parts };
  return { id: `r${number}`, bidid: `a${number}`, cur: 'USD', seatbid: [{ seat: 's', bid: [bid] }] };
}

function auction(number: number, atMs: number): Observation[] {
  const requestId = `r${number}`;
  const callId = `call-${number}`;
  const imp = [{ id: '1', bidfloor: 1, banner: { w: 300, h: 250 } }];
  const offers = number === 1 ? [OFFER] : [];
  return [
    { kind: 'request-sent', atMs, requestId, process: 'engine-1', request: { id: requestId, imp, tmax: 100 } },
    { kind: 'request-arrived', atMs: atMs + 5, requestId },
    { kind: 'call-sent', atMs: atMs + 6, callId, process: 'engine-1', dspId: 'd1', requestId, tmaxMs: 30 },
    { kind: 'reply-arrived', atMs: atMs + 36, callId, status: offers.length === 0 ? 204 : 200, offers },
    { kind: 'call-over', atMs: atMs + 36, callId },
    { kind: 'answer-left', atMs: atMs + 37, requestId, status: 200, body: answerBody(number) },
    { kind: 'answer-arrived', atMs: atMs + 42, requestId },
  ];
}

function report(number: number, atMs: number): Observation[] {
  const reportId = `report-${number}`;
  const payer = number === 1 ? 'dsp' : 'house';
  return [
    { kind: 'report-sent', atMs, reportId, process: 'engine-1', key: `a${number}/1/impression`, payer },
    { kind: 'report-answered', atMs: atMs + 2, reportId, status: 200 },
  ];
}

type Transfer = Extract<Observation, { kind: 'transfer' }>;
export function transfer(parts: Pick<Transfer, 'from' | 'to' | 'amount'> & Partial<Transfer>): Transfer {
  return {
    kind: 'transfer',
    atMs: 1000,
    accountId: 'c1',
    key: null,
    day: '2026-11-21',
    lease: null,
    by: 'holder',
    ...parts,
  };
}

const BUDGET = 10 * PRICE;
const LEASED = 4 * PRICE;
const KEY = 'a2/1/impression';

const OBSERVATIONS: readonly Observation[] = [
  { kind: 'process-started', atMs: 0, process: 'engine-1', role: 'engine' },
  { kind: 'budget-set', atMs: 0, accountId: 'c1', unit: 'nanos', budget: BUDGET, dailyBudget: null },
  transfer({ atMs: 0, from: 'advertiser', to: 'available', amount: BUDGET, day: null }),
  transfer({ atMs: 10, from: 'available', to: 'tranched', amount: LEASED }),
  transfer({ atMs: 11, from: 'tranched', to: 'leased', amount: LEASED, lease: LEASE }),
  ...auction(1, 100),
  {
    kind: 'receivable',
    atMs: 500,
    key: 'a1/1/impression',
    dspId: 'd1',
    amount: PRICE,
    currency: 'USD',
    publisherPayable: 1_600_000,
    exchangeFee: 400_000,
  },
  ...auction(2, 1000),
  transfer({ atMs: 1060, from: 'leased', to: 'reserved', amount: PRICE, lease: LEASE, key: KEY }),
  { kind: 'traffic-ended', atMs: 2000 },
  transfer({ atMs: 3000, from: 'reserved', to: 'spent', amount: PRICE, lease: LEASE, key: KEY }),
  transfer({ atMs: 30_000, from: 'leased', to: 'available', amount: LEASED - PRICE, lease: LEASE }),
];

const REST: Rest = {
  atMs: 600_000,
  accounts: [
    { accountId: 'c1', budget: BUDGET, available: BUDGET - PRICE, leased: 0, reserved: 0, spent: PRICE, absorbed: 0 },
  ],
  processes: [{ process: 'engine-1', timers: 12, timersAtStart: 12, callsUnderWay: 0, requestsUnderWay: 0 }],
  storedEventIds: new Set(['a1/1/impression', KEY]),
};

/** The reports come before their bills, in the order of the list. */
export function smallHistory(): History {
  const observations = [...OBSERVATIONS];
  observations.splice(
    observations.findIndex(({ kind }) => kind === 'receivable'),
    0,
    ...report(1, 300),
  );
  observations.splice(
    observations.findIndex(({ kind }) => kind === 'traffic-ended'),
    0,
    ...report(2, 1500),
  );
  return { facts: FACTS, observations, rest: REST, traceHash: 'h'.repeat(64) };
}

type Of<Kind extends Observation['kind']> = Extract<Observation, { kind: Kind }>;

/** The history with what the function makes of each observation of a kind: another one, several, or none. */
export function spoil<Kind extends Observation['kind']>(
  kind: Kind,
  change: (seen: Of<Kind>) => Observation | readonly Observation[],
): History {
  const history = smallHistory();
  const observations = history.observations.flatMap((seen) => (seen.kind === kind ? change(seen as Of<Kind>) : [seen]));
  return { ...history, observations };
}

export function spoilRest(parts: Partial<Rest>): History {
  return { ...smallHistory(), rest: { ...REST, ...parts } };
}

export const ACCOUNT = REST.accounts[0]!;
export const PROCESS = REST.processes[0]!;
export { KEY as HOUSE_KEY, LEASE, LEASED };
