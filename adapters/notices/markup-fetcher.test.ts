import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { MarkupOutcome } from '../../engine/ports/markup-fetcher.ts';
import { systemClock } from '../clock.ts';
import { createHostResolvers } from '../dns/host-resolvers.ts';
import { type ClosableMarkupFetcher, createMarkupFetcher } from './markup-fetcher.ts';
import { ManualTimers } from './testing/manual-timers.ts';
import { systemTimers } from './testing/system-timers.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/win`;
}

function fetcher(overrides: Partial<Parameters<typeof createMarkupFetcher>[0]> = {}): ClosableMarkupFetcher {
  const created = createMarkupFetcher({
    clock: systemClock,
    timers: systemTimers,
    allowedHosts: ['127.0.0.1'],
    resolvers: createHostResolvers({ clock: systemClock }),
    onRefused: () => {},
    ...overrides,
  });
  closers.push(created.close);
  return created;
}

const fetched = (from: ClosableMarkupFetcher, url: string, timeoutMs = 5000) =>
  new Promise((resolve) => from.fetch(url, systemClock.monotonicMs() + timeoutMs, resolve));

test('the body of a 200 is the markup', async () => {
  const url = await serve((_request, response) => response.end('<b>größe</b>'));
  expect(await fetched(fetcher(), url)).toEqual({ kind: 'fetched', markup: '<b>größe</b>' });
});

test.each([204, 302, 404, 500])('the body of a %d fails', async (status) => {
  const url = await serve((_request, response) => response.writeHead(status).end(status === 204 ? '' : '<b>ad</b>'));
  expect(await fetched(fetcher(), url)).toEqual({ kind: 'failed' });
});

test('a body beyond the bound fails', async () => {
  const url = await serve((_request, response) => response.end('x'.repeat(256 * 1024 + 1)));
  expect(await fetched(fetcher(), url)).toEqual({ kind: 'failed' });
});

test('a body that breaks off fails', async () => {
  const url = await serve((_request, response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('<b>', () => response.destroy());
  });
  expect(await fetched(fetcher(), url)).toEqual({ kind: 'failed' });
});

test('a host that is neither allowed nor public is not called', async () => {
  let calls = 0;
  const url = await serve((_request, response) => {
    calls += 1;
    response.end('<b>ad</b>');
  });
  expect(await fetched(fetcher({ allowedHosts: [] }), url)).toEqual({ kind: 'not-sent' });
  expect(calls).toBe(0);
});

test('nothing in time fails', async () => {
  const timers = new ManualTimers();
  let onAsked = () => {};
  const asked = new Promise<void>((resolve) => {
    onAsked = resolve;
  });
  const url = await serve(() => onAsked());
  const markup = fetched(fetcher({ timers }), url, 50);
  await asked;
  timers.advance(50);
  expect(await markup).toEqual({ kind: 'failed' });
});

test('when the deadline is over it calls nobody, and back not before it returns', async () => {
  let calls = 0;
  const url = await serve((_request, response) => {
    calls += 1;
    response.end('<b>ad</b>');
  });
  const outcomes: MarkupOutcome[] = [];
  fetcher().fetch(url, systemClock.monotonicMs(), (outcome) => outcomes.push(outcome));
  expect(outcomes).toEqual([]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(outcomes).toEqual([{ kind: 'not-sent' }]);
  expect(calls).toBe(0);
});
