/**
 * One sick DSP among healthy ones, and all of them down, on real sockets: found out, not waited for, and back when it is
 * well. How fast all this is, in ms, is held to its pass lines in test/soak/sick-dsp.soak.test.ts.
 */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { bidding, noBid, type Script, sendText, silence } from '../support/scripted-dsp.ts';
import { adRequest, bidsOf, startTestGavel, type TestGavel } from '../support/test-gavel.ts';

/** So long that a busy machine is not taken for a sick DSP, and waiting for it cannot be overlooked. */
const TIMEOUT_MS = 400;
const REQUEST_EVERY_MS = 20;
/** Latest requests that are looked at. */
const WINDOW = 100;
/** Above what is asked for, which is 2 s and 10 s beside the window itself: the machine may be busy. */
const PATIENCE = { timeout: 15_000, interval: 100 };
/** Part of the requests that a sick DSP gets at most, and a healthy one at least. */
const SICK_SHARE_MAX = 0.05;
const HEALTHY_SHARE_MIN = 0.9;

interface Answered {
  readonly requestId: string;
  readonly latencyMs: number;
  readonly bidCount: number;
}

let gavel: TestGavel;
let traffic: NodeJS.Timeout;
let answers: Answered[];

afterEach(async () => {
  clearInterval(traffic);
  await gavel.close();
});

async function start(scripts: Readonly<Record<string, Script>>): Promise<void> {
  const config = { timeoutMs: TIMEOUT_MS };
  answers = [];
  gavel = await startTestGavel({
    dsps: Object.fromEntries(Object.entries(scripts).map(([id, bid]) => [id, { bid, config }])),
    config: { 'auction.progressive': true },
  });
  let count = 0;
  traffic = setInterval(() => void ask(`r-${count++}`), REQUEST_EVERY_MS);
}

async function ask(requestId: string): Promise<void> {
  const sentAtMs = performance.now();
  // Closing the engine ends what is under way.
  const answer = await gavel.post(adRequest(requestId)).catch(() => null);
  if (answer === null) return;
  answers.push({ requestId, latencyMs: performance.now() - sentAtMs, bidCount: bidsOf(answer).length });
}

/** Of the latest requests, those that the sick DSP was asked about. */
function share(): number {
  const asked = new Set(gavel.dsp('sick').asked.map(({ request }) => request.id));
  const latest = answers.slice(-WINDOW);
  return latest.filter(({ requestId }) => asked.has(requestId)).length / WINDOW;
}

/** A condition on the latest answers, all of which were asked for after this call. */
async function soon(check: (latest: readonly Answered[]) => void): Promise<void> {
  const from = answers.length + WINDOW;
  await vi.waitFor(() => {
    expect(answers.length).toBeGreaterThan(from);
    check(answers.slice(-WINDOW));
  }, PATIENCE);
}

function medianMs(latest: readonly Answered[]): number {
  return latest.map(({ latencyMs }) => latencyMs).toSorted((a, b) => a - b)[WINDOW / 2]!;
}

const ILLNESSES: Readonly<Record<string, Script>> = {
  hangs: silence,
  'hangs after its headers': (_request, response) => void response.writeHead(200).flushHeaders(),
  'answers only 500': (_request, response) => sendText(response, '', 500),
  'resets its connections': (_request, response) => void response.socket!.resetAndDestroy(),
};

describe('a DSP that', () => {
  it.each(Object.keys(ILLNESSES))(
    '%s is left alone, costs nobody its timeout, and is back when it is well',
    async (illness) => {
      let behaviour: Script = noBid;
      await start({
        sick: (request, response) => behaviour(request, response),
        a: bidding({ price: 1 }),
        b: bidding({ price: 2 }),
      });
      await soon(() => expect(share()).toBe(1));
      behaviour = ILLNESSES[illness]!;
      await soon((latest) => {
        expect(share()).toBeLessThan(SICK_SHARE_MAX);
        expect(medianMs(latest)).toBeLessThan(TIMEOUT_MS / 2);
        expect(latest.every(({ bidCount }) => bidCount === 1)).toBe(true);
      });
      behaviour = noBid;
      await soon(() => expect(share()).toBeGreaterThan(HEALTHY_SHARE_MIN));
    },
    90_000,
  );
});

it('all down: answered without a bid, at once', async () => {
  await start({ sick: silence, other: silence });
  await soon((latest) => {
    expect(medianMs(latest)).toBeLessThan(TIMEOUT_MS / 4);
    expect(latest.every(({ bidCount }) => bidCount === 0)).toBe(true);
  });
}, 60_000);
