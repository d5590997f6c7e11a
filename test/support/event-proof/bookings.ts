/** What is sold in the proof of events: by impression, click and conversion, of our own and of two DSPs. */
import type { ServerResponse } from 'node:http';
import type { BidRequest } from '../../../openrtb/types.ts';
import type { SeededRandom } from '../../../simulator/random.ts';
import type { Sold } from '../campaign-proof/bookings.ts';
import { bidding, type ScriptedDsp, startScriptedDsp } from '../scripted-dsp.ts';

/** Of our own: one campaign a placement, as it is called. */
export const OWN: readonly Sold[] = [
  { name: 'shown', budget: '1000' },
  // Comes to its end: 60 impressions.
  { name: 'spent', budget: '0.06' },
  {
    name: 'clicked',
    budget: '1000',
    pricing: 'cpc',
    bid: 5,
    markup: '<a href="${CLICK_URL}https://shop.example/?c=${CONVERSION_TOKEN}">now</a>',
  },
  {
    name: 'converted',
    budget: '1000',
    pricing: 'cpa',
    bid: 50,
    markup: '<a href="${CLICK_URL}https://shop.example/?c=${CONVERSION_TOKEN}">now</a>',
  },
];

/** Placements that DSPs buy. An ad of the second may be shown for a second only. */
export const OPEN = 'open';
export const BRIEF = 'brief';
export const BRIEF_MS = 1000;
/** In all others for so long. */
export const HELD_MS = 600_000;

export const PLACEMENTS: readonly string[] = [...OWN.map(({ name }) => name), OPEN, OPEN, BRIEF];

const DSP_IDS = ['buyer', 'other'];
const NATIVE = { link: { url: 'https://shop.example' }, assets: [{ id: 1, title: { text: 'Shoes' } }] };

/** A DSP was told of a bill. */
export interface ToldBill {
  readonly requestId: string;
  /** Monotonic ms. */
  readonly atMs: number;
}

export interface ProofDsps {
  readonly config: readonly object[];
  /** As often as they were told, in order. */
  readonly told: readonly ToldBill[];
  readonly close: () => Promise<void>;
}

/** Bid in their placements, hardly twice the same price. */
export async function startDsps(random: SeededRandom): Promise<ProofDsps> {
  const servers: ScriptedDsp[] = [];
  const told: ToldBill[] = [];
  for (const id of DSP_IDS) {
    const prices = random.fork(id);
    const server: ScriptedDsp = await startScriptedDsp({
      bid: (request, response) => bid(request, response, prices.integer(1_000_000, 3_000_000) / 1_000_000),
      notice: (url, response) => {
        const requestId = /^\/bill\?request=([^&]+)/.exec(url)?.[1];
        if (requestId !== undefined) told.push({ requestId, atMs: performance.now() });
        response.writeHead(204).end();
      },
    });
    servers.push(server);
  }
  return {
    config: servers.map(({ origin }, index) => ({ id: DSP_IDS[index], url: `${origin}/bid` })),
    told,
    close: async () => void (await Promise.all(servers.map((server) => server.close()))),
  };
}

function bid(request: BidRequest, response: ServerResponse, price: number): void {
  const { tagid } = request.imp[0]!;
  if (tagid !== OPEN && tagid !== BRIEF) {
    response.writeHead(204).end();
    return;
  }
  const burl = `http://${response.req.headers.host}/bill?request=\${AUCTION_ID}`;
  const native = tagid === BRIEF ? { adm: JSON.stringify(NATIVE), mtype: 4 as const } : {};
  bidding({ price, burl, ...native })(request, response);
}
