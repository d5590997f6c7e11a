/** A DSP over real HTTP that does what a test tells it to, and remembers what it saw. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { Bid, BidRequest } from '../../openrtb/types.ts';

/** One bid request as the DSP received it. */
export interface Asked {
  readonly headers: IncomingHttpHeaders;
  /** The body as it came, before inflating. */
  readonly bytes: Buffer;
  readonly request: BidRequest;
  /** The connection ended before the DSP had answered. */
  wasAborted: boolean;
}

/** Answers a bid request, or leaves it hanging. */
export type Script = (request: BidRequest, response: ServerResponse) => void;

/** A call to a notice URL of the DSP: path and query. */
export type NoticeScript = (url: string, response: ServerResponse) => void;

export interface ScriptedDsp {
  /** `http://127.0.0.1:PORT`; bids are asked for at `/bid`, everything else counts as a notice. */
  readonly origin: string;
  readonly asked: Asked[];
  /** Path and query of every call that was no bid request, in order. */
  readonly notices: string[];
  readonly close: () => Promise<void>;
}

export interface DspScripts {
  readonly bid: Script;
  /** Default: 204 for all. */
  readonly notice?: NoticeScript;
}

export async function startScriptedDsp({ bid, notice }: DspScripts): Promise<ScriptedDsp> {
  const asked: Asked[] = [];
  const notices: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((message, response) => {
    if (message.method === 'OPTIONS') {
      // How the engine opens its connections before the first bid request.
      response.writeHead(204).end();
      return;
    }
    if (message.url !== '/bid') {
      notices.push(message.url ?? '');
      if (notice === undefined) response.writeHead(204).end();
      else notice(message.url ?? '', response);
      return;
    }
    void readBody(message).then((bytes) => {
      if (bytes === null) return;
      const text = message.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
      const request: BidRequest = JSON.parse(text.toString('utf8'));
      const seen: Asked = { headers: message.headers, bytes, request, wasAborted: false };
      asked.push(seen);
      response.once('close', () => {
        seen.wasAborted = !response.writableFinished;
      });
      bid(seen.request, response);
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    notices,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Null when the caller went away first. */
async function readBody(message: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of message) chunks.push(chunk as Buffer);
  } catch {
    return null;
  }
  return Buffer.concat(chunks);
}

/** The parts of a bid that a test cares about; the rest is a plain, acceptable banner. */
export type BidParts = Partial<Omit<Bid, 'price'>> & { readonly price: unknown };

export interface ResponseParts {
  readonly seat?: string;
  readonly cur?: string;
  readonly bidid?: string;
  readonly group?: number;
}

/** Bids for the request, each on the first imp unless it names one. */
export function bidding(bids: BidParts | readonly BidParts[], parts: ResponseParts = {}): Script {
  return (request, response) => sendJson(response, bidResponse(request, bids, parts));
}

export function bidResponse(
  request: BidRequest,
  bids: BidParts | readonly BidParts[],
  parts: ResponseParts = {},
): object {
  const { seat, group, ...rest } = parts;
  const list = Array.isArray(bids) ? (bids as readonly BidParts[]) : [bids as BidParts];
  return {
    id: request.id,
    ...rest,
    seatbid: [
      {
        ...(seat === undefined ? {} : { seat }),
        ...(group === undefined ? {} : { group }),
        bid: list.map((bid, index) => ({ ...plainBid(request, index), ...bid })),
      },
    ],
  };
}

function plainBid(request: BidRequest, index: number): object {
  return {
    id: `bid-${index}`,
    impid: request.imp[0]!.id,
    adm: '<b>an ad</b>',
    adomain: ['brand.example.com'],
    crid: 'creative-1',
    w: 300,
    h: 250,
  };
}

export function sendJson(response: ServerResponse, body: unknown): void {
  sendText(response, JSON.stringify(body));
}

export function sendText(response: ServerResponse, body: string | Buffer, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(body);
}

export const noBid: Script = (_request, response) => {
  response.writeHead(204).end();
};

/** Never answers. */
export const silence: Script = () => {};

/** Where the DSP that is about to answer can be reached, for its notice URLs. */
export function originOf(response: ServerResponse): string {
  return `http://${response.req.headers.host}`;
}
