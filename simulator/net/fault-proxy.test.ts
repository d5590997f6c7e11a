import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import type { NetworkConditions } from './network-conditions.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A proxy before a server that gives back what it gets, and ends when the client does. */
async function startEcho(conditions: Partial<NetworkConditions> = {}): Promise<FaultProxy> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  const proxy = await startFaultProxy({ target: { host: '127.0.0.1', port }, seed: 1, conditions });
  cleanups.push(proxy.close);
  return proxy;
}

interface Echo {
  readonly received: Buffer;
  /** Sizes in which it arrived. */
  readonly pieces: readonly number[];
  readonly error: string | null;
  readonly tookMs: number;
}

/** Sends, ends, and reads until the connection is closed. */
async function echo(proxy: FaultProxy, bytes: Buffer): Promise<Echo> {
  const startedAtMs = performance.now();
  const socket = connect({ port: proxy.port, host: '127.0.0.1', noDelay: true });
  const chunks: Buffer[] = [];
  let error: string | null = null;
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', ({ code }: NodeJS.ErrnoException) => {
    error = code ?? '';
  });
  socket.end(bytes);
  await new Promise((resolve) => socket.once('close', resolve));
  const received = Buffer.concat(chunks);
  return { received, pieces: chunks.map(({ length }) => length), error, tookMs: performance.now() - startedAtMs };
}

const numbered = (length: number) => Buffer.from(Uint8Array.from({ length }, (_, index) => index % 251));

test('a healthy network passes everything on, in order, and both ends', async () => {
  const proxy = await startEcho();
  const bytes = numbered(3_000_000);
  const { received, error } = await echo(proxy, bytes);
  expect(error).toBeNull();
  expect(received.equals(bytes)).toBe(true);
  expect(proxy.connectionCount()).toBe(0);
});

test('latency counts each way, and jitter keeps the order', async () => {
  const proxy = await startEcho({ latencyMs: 30, jitterMs: 20, pieceBytesMax: 100 });
  const bytes = numbered(5_000);
  const { received, tookMs } = await echo(proxy, bytes);
  expect(received.equals(bytes)).toBe(true);
  expect(tookMs).toBeGreaterThanOrEqual(60);
});

test('bandwidth', async () => {
  const proxy = await startEcho({ bytesPerSecMax: 1_000_000, pieceBytesMax: 10_000 });
  const bytes = numbered(100_000);
  const { received, tookMs } = await echo(proxy, bytes);
  expect(received.equals(bytes)).toBe(true);
  expect(tookMs).toBeGreaterThanOrEqual(100);
});

test('the slicer passes on small pieces with gaps', async () => {
  const proxy = await startEcho({ pieceBytesMax: 10, pieceGapMs: 2 });
  const bytes = numbered(200);
  const { received, pieces, tookMs } = await echo(proxy, bytes);
  expect(received.equals(bytes)).toBe(true);
  expect(pieces.length).toBeGreaterThan(1);
  expect(tookMs).toBeGreaterThanOrEqual(38);
});

test('a reset after so many bytes', async () => {
  const proxy = await startEcho({ resetAfterBytes: 1000 });
  expect(await echo(proxy, numbered(5000))).toMatchObject({ error: 'ECONNRESET' });
  expect(await echo(proxy, numbered(900))).toMatchObject({ error: null });
});

test('a reset at once, a refusal, and health again, on one port', async () => {
  const proxy = await startEcho({ mode: 'reset' });
  expect(await echo(proxy, numbered(10))).toMatchObject({ error: 'ECONNRESET' });
  await proxy.setConditions({ mode: 'refuse' });
  expect(await echo(proxy, numbered(10))).toMatchObject({ error: 'ECONNREFUSED' });
  await proxy.setConditions({});
  expect(await echo(proxy, numbered(10))).toMatchObject({ error: null, received: numbered(10) });
});

test.each(['reset', 'refuse'] as const)('%s breaks connections that are open', async (mode) => {
  const proxy = await startEcho();
  const socket = connect(proxy.port, '127.0.0.1');
  await once(socket, 'connect');
  await vi.waitFor(() => expect(proxy.connectionCount()).toBe(1));
  const broken = once(socket, 'error');
  await proxy.setConditions({ mode });
  expect((await broken)[0]).toMatchObject({ code: 'ECONNRESET' });
  await vi.waitFor(() => expect(proxy.connectionCount()).toBe(0));
});

test('a black hole accepts and forwards nothing; closing the proxy closes what hangs in it', async () => {
  const proxy = await startEcho({ mode: 'blackhole' });
  const socket = connect(proxy.port, '127.0.0.1');
  const seen: string[] = [];
  for (const event of ['data', 'end', 'error', 'close']) socket.on(event, () => seen.push(event));
  await once(socket, 'connect');
  await new Promise<void>((resolve, reject) => socket.write('x', (error) => (error ? reject(error) : resolve())));
  await vi.waitFor(() => expect(proxy.connectionCount()).toBe(1));
  expect(seen).toEqual([]);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await proxy.close();
  await closed;
  expect(proxy.connectionCount()).toBe(0);
});
