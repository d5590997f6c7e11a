/**
 * Runs the whole path on loopback traffic before the real engine opens its door. A cold process takes tens of
 * milliseconds per auction until its code is compiled, and the first seconds of real traffic would pay for that in
 * missed deadlines.
 *
 * The engine that is warmed is a throw-away one: same configuration, other DSPs, nothing stored.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';
import { createLog } from '../adapters/log.ts';
import { startGavel } from '../compose.ts';
import type { Config } from '../config/types.ts';
import type { EventLog } from '../engine/ports/event-log.ts';
import { plainDsp } from './system-config.ts';

const DSP_COUNT = 10;
/** Auctions under way at once: enough for coalesced mail, few enough not to queue. */
const CONCURRENCY = 4;

const NOWHERE: EventLog = { append: async () => {}, close: async () => {} };

export async function warmUp(config: Config): Promise<void> {
  const auctions = config.server.warmUpAuctions;
  if (auctions === 0) return;
  const bidder = await startBidder();
  const gavel = await startGavel(warmUpConfig(config, bidder.url), { eventLog: NOWHERE, log: createLog('silent') });
  try {
    let started = 0;
    const client = async (): Promise<void> => {
      while (started < auctions) await auction(gavel.url, started++);
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, client));
  } finally {
    await gavel.close();
    bidder.server.closeAllConnections();
    bidder.server.close();
  }
}

async function auction(url: string, index: number): Promise<void> {
  const { body } = await request(`${url}/openrtb2/auction`, { method: 'POST', body: JSON.stringify(adRequest(index)) });
  await body.dump();
}

/** One server stands for all DSPs; it bids on every imp. */
async function startBidder(): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      if (chunks.length === 0) outgoing.writeHead(204).end();
      else outgoing.writeHead(200, { 'content-type': 'application/json' }).end(bidResponse(Buffer.concat(chunks)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function warmUpConfig(config: Config, url: string): Config {
  const dsps = Array.from({ length: DSP_COUNT }, (_, index) =>
    plainDsp({
      id: `warm-up-${index}`,
      url: `${url}/bid/${index}`,
      version: index % 5 === 0 ? '2.5' : '2.6',
      pricing: 'cpm',
    }),
  );
  return {
    ...config,
    dsps,
    admin: { ...config.admin, token: '', tokens: [] },
    campaigns: { ...config.campaigns, enabled: false },
    // A cold process is slow, which is what is to be cured here.
    admission: { ...config.admission, enabled: false },
    server: { ...config.server, host: '127.0.0.1', port: 0, drainIdleMs: 0 },
    notices: { ...config.notices, allowedHosts: [new URL(url).host] },
  };
}

function adRequest(index: number): object {
  const banner = {
    banner: {
      format: [
        { w: 320, h: 50 },
        { w: 300, h: 250 },
      ],
      battr: [1],
    },
  };
  const video = { video: { mimes: ['video/mp4'], protocols: [2, 3], maxduration: 30, w: 640, h: 360 } };
  return {
    id: `warm-up-${index}`,
    imp: [{ id: '1', tagid: 'warm-up', bidfloor: 0.1, secure: 1, ...(index % 4 === 0 ? video : banner) }],
    app: { id: 'app', bundle: 'com.example.app', publisher: { id: 'publisher' }, cat: ['IAB1'] },
    device: { ua: 'warm-up', ip: '192.0.2.1', os: 'Android', devicetype: 4, geo: { country: 'USA' } },
    // Every other request has an unknown field, and takes the mending path.
    user: index % 2 === 0 ? { id: 'warm-up' } : { id: 'warm-up', unknown: 1 },
    bcat: ['IAB25'],
    badv: ['blocked.example'],
    cur: ['USD'],
    tmax: 200,
  };
}

function bidResponse(body: Buffer): string {
  const asked = JSON.parse(body.toString('utf8')) as { id: string; imp: { id: string; video?: object }[] };
  const bid = asked.imp.map(({ id, video }, index) => ({
    id: `${index}`,
    impid: id,
    price: 1 + Math.sin(body.length + index),
    adomain: ['advertiser.example'],
    cat: ['IAB2'],
    crid: 'creative',
    ...(video === undefined
      ? { mtype: 1, w: 320, h: 50, adm: '<a href="https://advertiser.example/${AUCTION_PRICE}">ad</a>' }
      : { mtype: 2, dur: 15, adm: '<VAST version="4.0"><Ad id="${AUCTION_ID}"></Ad></VAST>' }),
  }));
  return JSON.stringify({ id: asked.id, cur: 'USD', seatbid: [{ seat: 'seat', bid }] });
}
