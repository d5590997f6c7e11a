/**
 * Payloads that others wrote, through the whole engine over HTTP. What a message is worth is judged beside its reader;
 * here the same verdict must come out of the door, and nothing may crash or win that should not.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { AuctionEvent } from '../engine/exchange/auction-event.ts';
import { createRequestReader, type RequestReading } from '../openrtb/read-request.ts';
import type { Bid, BidRequest } from '../openrtb/types.ts';
import { bidding, noBid, type Script, sendText } from './support/scripted-dsp.ts';
import {
  corpusFile,
  type DatasetAnswer,
  datasetAnswers,
  datasetRequests,
  HAS_SHARED_DATA,
  type ManifestPair,
  type ManifestRequest,
  manifest,
} from './support/shared-data.ts';
import {
  type AdAnswer,
  adRequest,
  bidsOf,
  dspRecordOf,
  postAdRequest,
  startTestGavel,
  type TestGavel,
} from './support/test-gavel.ts';

/** The notice URLs in these answers lead to real companies: no name is resolved, so nothing can reach them. */
vi.mock('node:dns/promises', async (importOriginal) => ({
  ...(await importOriginal<typeof import('node:dns/promises')>()),
  lookup: async (name: string) => {
    throw Object.assign(new Error(`${name} is not resolved in this test`), { code: 'ENOTFOUND' });
  },
}));

const entries = HAS_SHARED_DATA ? manifest() : [];
const CLIENTS = 16;

/** Runs `work` on all items, so many at a time. */
async function forEach<T>(items: readonly T[], work: (item: T, index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) await work(items[index]!, index);
  };
  await Promise.all(Array.from({ length: CLIENTS }, worker));
}

describe.skipIf(!HAS_SHARED_DATA)('requests of ../shared/corpora/openrtb', () => {
  let gavel: TestGavel;
  beforeAll(async () => {
    gavel = await startTestGavel({ dsps: { dsp: noBid }, config: { 'currencies.rates': { EUR: 0.9, GBP: 0.8 } } });
  });
  afterAll(() => gavel.close());

  const requests = entries.filter((entry) => entry.kind === 'request') as ManifestRequest[];

  it.each(requests)('$file: $expect', async ({ file, expect: verdict }) => {
    const answer = await postAdRequest(gavel.url, corpusFile(file));
    if (verdict !== 'reject') {
      expect(answer).toMatchObject({ status: 200, body: { seatbid: [], nbr: 500 } });
      return;
    }
    expect(answer).toMatchObject({ status: 400, body: { nbr: 2 } });
    const { path, code } = errorOf(answer);
    expect(code).toMatch(/^[a-z0-9-]+$/);
    expect(path).toMatch(code === 'root-not-object' ? /^$/ : /^(imp|site|app)/);
  });
});

function errorOf(answer: AdAnswer): { path: string; code: string; message: string } {
  return (answer.body.ext as { gavel: { error: { path: string; code: string; message: string } } }).gavel.error;
}

describe.skipIf(!HAS_SHARED_DATA)('pairs of ../shared/corpora/openrtb', () => {
  const pairs = entries.filter((entry) => entry.kind === 'pair') as ManifestPair[];

  it.each(pairs)('$file: $bids', async ({ file, request, bids }) => {
    const response = corpusFile(file);
    const gavel = await startTestGavel({ dsps: { paired: (_request, reply) => sendText(reply, response) } });
    try {
      const answer = await postAdRequest(gavel.url, corpusFile(request));
      expect(answer.status).toBe(200);
      const event = await gavel.eventOf(answer.body.id);
      expect(verdicts(JSON.parse(response.toString('utf8')), event)).toEqual(bids);
      expect(bidsOf(answer)).toHaveLength(event.outcome!.wins.length);
      if (bids.includes('accept')) expect(event.outcome!.wins).not.toHaveLength(0);
    } finally {
      await gavel.close();
    }
  });
});

/** What became of each bid of the response, in the words of the manifest. */
function verdicts(response: { seatbid: { bid: { id?: unknown }[] }[] }, event: AuctionEvent): string[] {
  const dropped = [...dspRecordOf(event, 'paired').dropped];
  const candidates = [...event.input!.bids];
  return response.seatbid
    .flatMap(({ bid }) => bid)
    .map(({ id }) => {
      const at = candidates.findIndex(({ bidId }) => bidId === String(id));
      if (at < 0) return `reject:${dropped.shift()?.lossReason}`;
      const [candidate] = candidates.splice(at, 1);
      const { status, lossReason } = event.outcome!.bids[candidate!.index]!;
      return status === 'refused' ? `reject:${lossReason}` : 'accept';
    });
}

describe.skipIf(!HAS_SHARED_DATA)('requests of ../shared/datasets/openrtb', () => {
  it('are answered as the reader judges them, never with an error of ours', async () => {
    const rates = { EUR: 0.9, GBP: 0.8, JPY: 150, AUD: 1.5, MXN: 18, SEK: 10 };
    const gavel = await startTestGavel({
      dsps: { dsp: noBid },
      config: { 'currencies.rates': rates, 'admission.enabled': false },
    });
    const readRequest = createRequestReader();
    const counts = { accepted: 0, refused: 0, unpriceable: 0 };
    try {
      await forEach(datasetRequests(), async ({ request, path }) => {
        const body = JSON.stringify(request);
        const answer = await postAdRequest(gavel.url, body);
        const reading = readRequest(Buffer.from(body), { strictness: 'default' });
        const verdict = judge(answer, reading);
        expect(verdict, path).not.toBeNull();
        counts[verdict!] += 1;
      });
      expect(counts.accepted + counts.refused + counts.unpriceable).toBe(2741);
      // A few name currencies that the table here lacks.
      expect(counts.unpriceable).toBeLessThan(20);
      expect(counts.accepted).toBeGreaterThan(2400);
    } finally {
      await gavel.close();
    }
  });
});

/** Null when the answer does not follow from what the reader says. */
function judge(
  { status, body, ...answer }: AdAnswer,
  reading: RequestReading,
): 'accepted' | 'refused' | 'unpriceable' | null {
  if (status === 200) return reading.kind === 'ok' && body.id === reading.request.id ? 'accepted' : null;
  if (status !== 400) return null;
  const { code, path } = errorOf({ status, body, ...answer });
  if (reading.kind === 'ok') return code === 'unpriceable' ? 'unpriceable' : null;
  return code === reading.diagnostic.code && path === reading.diagnostic.path ? 'refused' : null;
}

describe.skipIf(!HAS_SHARED_DATA)('DSP answers of ../shared/datasets/openrtb', () => {
  /** All answers to one request of the dataset, each given by a DSP of its own. */
  interface Round {
    readonly request: BidRequest;
    readonly answers: readonly DatasetAnswer[];
  }

  let rounds: Round[];
  let gavel: TestGavel;
  beforeAll(async () => {
    rounds = roundsOf(datasetAnswers());
    const dspCount = Math.max(...rounds.map(({ answers }) => answers.length));
    const dsps = Array.from({ length: dspCount }, (_, index) => [`dsp-${index}`, playing(index)] as const);
    gavel = await startTestGavel({
      dsps: Object.fromEntries(dsps),
      config: { ...UNPROTECTED, 'admission.enabled': false },
    });
  });
  afterAll(() => gavel?.close());

  /** Auctions run side by side and ids repeat in the dataset, so the round travels in `source.tid`. */
  const playing =
    (dspIndex: number): Script =>
    (request, response) => {
      const answer = rounds[Number(request.source!.tid)]?.answers[dspIndex];
      if (answer !== undefined) serve(answer, response);
      else if (request.id === 'afterwards') bidding({ price: 1 }, { seat: `normal-${dspIndex}` })(request, response);
      else noBid(request, response);
    };

  it('crash nothing, and nothing wins that should not', { timeout: 60_000 }, async () => {
    expect(rounds.reduce((sum, { answers }) => sum + answers.length, 0)).toBe(2349);
    const roundOfAuction = new Map<string, Round>();
    const answers: AdAnswer[] = [];
    await forEach(rounds, async (round, index) => {
      const answer = await gavel.post({ ...round.request, tmax: 4000, source: { tid: String(index) } });
      expect(answer.status, JSON.stringify(round.request)).toBe(200);
      answers.push(answer);
      if (answer.body.bidid !== undefined) roundOfAuction.set(answer.body.bidid, round);
    });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    let winCount = 0;
    for (const event of await gavel.allEvents(rounds.length)) {
      expect(event.ending).toMatch(/^(won|no-bid)$/);
      expect(event.dsps.filter(({ result }) => result === 'timeout')).toEqual([]);
      for (const { bidIndex } of event.outcome!.wins) {
        winCount += 1;
        const round = roundOfAuction.get(event.auctionId)!;
        expect(objectionTo(round, event.input!.bids[bidIndex]!), JSON.stringify(round)).toBeNull();
      }
    }
    expect(winCount).toBe(answers.reduce((sum, answer) => sum + bidsOf(answer).length, 0));
    expect(winCount).toBeGreaterThan(500);
  });

  it('leave an engine that still sells', async () => {
    const answer = await gavel.post(adRequest('afterwards', { source: { tid: 'none' } }));
    expect(answer.body.seatbid).toMatchObject([{ seat: expect.stringMatching(/^normal-/), bid: [{ price: 1 }] }]);
  });

  function roundsOf(answers: readonly DatasetAnswer[]): Round[] {
    const requests = new Map(datasetRequests().map(({ path, request }) => [path, request]));
    const readRequest = createRequestReader();
    const byPath = new Map<string, DatasetAnswer[]>();
    for (const answer of answers) byPath.set(answer.path, [...(byPath.get(answer.path) ?? []), answer]);
    return [...byPath].map(([path, answersToIt]) => {
      const request = { ...requests.get(path)!, cur: ['USD'] } as BidRequest;
      const text = JSON.stringify(request);
      const isUsable = readRequest(Buffer.from(text)).kind === 'ok' && !FOREIGN_FLOOR.test(text);
      return { request: isUsable ? request : requestFor(answersToIt), answers: answersToIt };
    });
  }

  /** Where the dataset's own request is refused: one that the answers could have been given to. */
  function requestFor(answers: readonly DatasetAnswer[]): BidRequest {
    const bodies = answers.map(
      ({ response }) => response as { id?: unknown; seatbid?: { bid?: Partial<Bid>[] }[] } | null,
    );
    const id = bodies.map((body) => body?.id).find((value) => typeof value === 'string') ?? 'request';
    const impIds = new Set<string>(['imp-of-nobody']);
    for (const body of bodies) {
      const seats = Array.isArray(body?.seatbid) ? body.seatbid : [];
      for (const bid of seats.flatMap((seat) => (Array.isArray(seat?.bid) ? seat.bid : []))) {
        if (typeof bid?.impid === 'string' && bid.impid !== '') impIds.add(bid.impid);
      }
    }
    const video = { mimes: ['video/mp4'] };
    const banner = { format: [{ w: 300, h: 250 }] };
    return adRequest(id as string, { imp: [...impIds].map((impId) => ({ id: impId, banner, video })) });
  }
});

/** Most answers of the dataset are odd on purpose, and every one of them must be asked for. */
const UNPROTECTED = { 'protection.enabled': false };

/** No rates are configured here: such a floor cannot be compared with anything. */
const FOREIGN_FLOOR = /"bidfloorcur":"(?!USD)/;

/** Not every status of the dataset can be sent over HTTP. */
function serve({ status, response }: DatasetAnswer, reply: Parameters<Script>[1]): void {
  const isSendable = status !== null && status >= 200 && status <= 599;
  const body =
    typeof response === 'string'
      ? response
      : response === undefined || response === null
        ? ''
        : JSON.stringify(response);
  sendText(reply, body, isSendable ? status : 200);
}

interface RawResponse {
  readonly id?: unknown;
  readonly cur?: unknown;
  readonly seatbid: readonly {
    readonly bid: readonly { id?: unknown; impid?: unknown; price?: unknown; dealid?: unknown }[];
  }[];
}

/** Why this bid must not win, by the raw answer it came in; null when it may. Knows nothing of our reader. */
function objectionTo(
  round: { readonly request: BidRequest; readonly answers: readonly DatasetAnswer[] },
  winner: { readonly dspId: string; readonly bidId: string; readonly impId: string },
): string | null {
  const { status, response } = round.answers[Number(winner.dspId.slice('dsp-'.length))]!;
  const raw = (typeof response === 'string' ? JSON.parse(response) : response) as RawResponse;
  const isOtherStatus = status !== null && status >= 200 && status <= 599 && status !== 200;
  if (isOtherStatus) return `status ${status}`;
  if (raw.id !== undefined && raw.id !== null && raw.id !== '' && String(raw.id) !== round.request.id)
    return 'response id';
  if (raw.cur !== undefined && raw.cur !== null && raw.cur !== '' && String(raw.cur).toUpperCase() !== 'USD')
    return 'currency';
  const bid = raw.seatbid
    .flatMap((seat) => seat?.bid ?? [])
    .find(({ id, impid }) => String(id) === winner.bidId && String(impid) === winner.impId);
  if (bid === undefined) return 'no such bid';
  if (!round.request.imp.some(({ id }) => String(id) === String(bid.impid))) return 'unknown imp';
  return Number(bid.price) > 0 ? null : 'price';
}
