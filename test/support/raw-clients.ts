/** Clients that speak in bytes: for what no HTTP client would send, and for those that send it slowly. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export function openSocket(url: string): Socket {
  const { hostname, port } = new URL(url);
  return connect(Number(port), hostname).on('error', () => {});
}

/** Sends `bytes`, and resolves to everything that came back when the server has closed, or said `until`. */
export function exchangeBytes(url: string, bytes: string | Buffer, until = /$^/): Promise<string> {
  const socket = openSocket(url);
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
    if (until.test(received)) socket.destroy();
  });
  socket.write(bytes);
  return once(socket, 'close').then(() => received);
}

export function auctionHead(contentLength: number, more = ''): string {
  return `POST /openrtb2/auction HTTP/1.1\r\nhost: gavel\r\ncontent-length: ${contentLength}\r\n${more}\r\n`;
}

export function auctionBytes(request: object, more = ''): string {
  const body = JSON.stringify(request);
  return auctionHead(Buffer.byteLength(body), more) + body;
}

export interface SlowClients {
  /** Connections that are open now. */
  readonly openCount: () => number;
  /** Connections that the server has closed so far. */
  readonly cutCount: () => number;
  readonly stop: () => void;
}

const HEADERS = 'POST /openrtb2/auction HTTP/1.1\r\nhost: gavel\r\nx-slow: ';
const BODY = `${HEADERS}1\r\ncontent-length: 1000\r\n\r\n`;
/** How they begin; every one goes on with a byte at a time, but those that say nothing. */
const OPENINGS = [HEADERS, BODY, ''];

/**
 * So many clients, each slow with its headers or its body or silent, sending a byte per `byteEveryMs`; a client that is cut
 * comes back after as long when `isPersistent`.
 */
export function startSlowClients(
  url: string,
  options: { readonly count: number; readonly byteEveryMs: number; readonly isPersistent: boolean },
): SlowClients {
  const sockets = new Set<Socket>();
  let cutCount = 0;
  let isStopped = false;
  const open = (index: number): void => {
    const opening = OPENINGS[index % OPENINGS.length]!;
    const socket = openSocket(url);
    sockets.add(socket);
    const drip = setInterval(() => opening !== '' && socket.write('x'), options.byteEveryMs);
    if (opening !== '') socket.write(opening);
    socket.resume();
    socket.once('close', () => {
      clearInterval(drip);
      sockets.delete(socket);
      if (isStopped) return;
      cutCount += 1;
      if (options.isPersistent) setTimeout(reopen, options.byteEveryMs, index);
    });
  };
  const reopen = (index: number): void => {
    if (!isStopped) open(index);
  };
  for (let index = 0; index < options.count; index++) open(index);
  return {
    openCount: () => sockets.size,
    cutCount: () => cutCount,
    stop: () => {
      isStopped = true;
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Latencies of requests sent one after the other, ms, ascending. Fails on any answer but 200. */
export async function latenciesMs(count: number, send: (index: number) => Promise<{ readonly status: number }>) {
  const latencies: number[] = [];
  for (let index = 0; index < count; index++) {
    const startedAtMs = performance.now();
    const { status } = await send(index);
    if (status !== 200) throw new Error(`request ${index} was answered ${status}`);
    latencies.push(performance.now() - startedAtMs);
  }
  return latencies.sort((a, b) => a - b);
}

export function quantile(ascending: readonly number[], share: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(share * ascending.length))]!;
}
