/** Traffic shaping over real sockets: what a DSP never bids on, it is hardly asked for; what has its deal, always. */
import { afterEach, expect, it } from 'vitest';
import type { BidRequest } from '../openrtb/types.ts';
import { bidding, type Script } from './support/scripted-dsp.ts';
import { adRequest, bannerImp, startTestGavel, type TestGavel } from './support/test-gavel.ts';

let gavel: TestGavel | undefined;
afterEach(async () => {
  await gavel?.close();
});

const CONFIG = {
  'shaping.enabled': true,
  'shaping.answersMin': 50,
  'shaping.revenueLossMax': 0.05,
  'shaping.explorationShare': 0.1,
};

const countryOf = ({ device }: BidRequest): string => device!.geo!.country!;

/** Bids on requests from the countries that are in the set at the time. */
function biddingIn(countries: ReadonlySet<string>, price: number): Script {
  const bid = bidding({ price });
  return (request, response) => {
    if (countries.has(countryOf(request))) bid(request, response);
    else response.writeHead(204).end();
  };
}

let sent = 0;

async function send(country: string, count: number, imp: object = {}): Promise<void> {
  for (let index = 0; index < count; index++) {
    const parts = { device: { geo: { country } }, imp: [bannerImp('1', imp)] };
    await gavel!.post(adRequest(`${country}-${sent++}`, parts));
  }
}

/** Calls that the DSP got while requests of that country were sent. */
async function callsOf(dspId: string, country: string, count: number, imp: object = {}): Promise<number> {
  const { asked } = gavel!.dsp(dspId);
  const before = asked.length;
  await send(country, count, imp);
  return asked.length - before;
}

async function learn(): Promise<void> {
  for (let round = 0; round < 250; round++) {
    await send('DEU', 1);
    await send('FRA', 1);
  }
}

it('asks a DSP for what it bids on, explores the rest, never skips a deal, and follows its appetite', async () => {
  const choosy = new Set(['DEU']);
  gavel = await startTestGavel({
    dsps: {
      choosy: biddingIn(choosy, 3),
      broad: bidding({ price: 2 }),
      other: bidding({ price: 1.9 }),
    },
    config: CONFIG,
  });
  expect(await callsOf('choosy', 'FRA', 40)).toBe(40);
  await learn();
  expect(await callsOf('choosy', 'DEU', 50)).toBe(50);
  const exploring = await callsOf('choosy', 'FRA', 200);
  expect(exploring).toBeGreaterThan(0);
  expect(exploring).toBeLessThan(70);
  const deal = { pmp: { deals: [{ id: 'any-deal', bidfloor: 1 }] } };
  expect(await callsOf('choosy', 'FRA', 50, deal)).toBe(50);
  choosy.add('FRA');
  await expect.poll(() => callsOf('choosy', 'FRA', 100), { timeout: 20_000 }).toBeGreaterThan(80);
  const text = await (await fetch(`${gavel.url}/metrics`)).text();
  expect(text).toMatch(/rtb_dsp_shaping_skips_total\{dsp="choosy",reason="low-value"\} \d+/);
}, 60_000);

it('is off unless it is asked for: a DSP that never bids is called for every request', async () => {
  gavel = await startTestGavel({ dsps: { silent: biddingIn(new Set(), 1), broad: bidding({ price: 2 }) } });
  await send('DEU', 400);
  expect(gavel.dsp('silent').asked).toHaveLength(400);
}, 60_000);
