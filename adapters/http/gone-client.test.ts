import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { systemClock } from '../clock.ts';
import { type HttpServer, startHttpServer } from './server.ts';

/** Called when a body is about to be inflated, with what ends it. */
const inflation = vi.hoisted(() => ({ onStarted: (_finish: () => void): void => {} }));
vi.mock('./content-encoding.ts', async (original) => ({
  ...(await original<typeof import('./content-encoding.ts')>()),
  requestEncoding: () => ({
    kind: 'compressed',
    inflate: (body: Buffer, _options: object, done: (error: null, body: Buffer) => void) =>
      inflation.onStarted(() => done(null, body)),
  }),
}));

const responses: ServerResponse[] = [];
const onRequest = (message: unknown) => responses.push((message as { response: ServerResponse }).response);
let server: HttpServer;
afterEach(async () => {
  unsubscribe('http.server.request.start', onRequest);
  await server.close();
});

test('a client that goes away while its body is inflated gets no auction', async () => {
  const seen = { taken: 0, givenBack: 0 };
  server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    headersTimeoutMs: 1000,
    requestTimeoutMs: 1000,
    idleTimeoutMs: 1000,
    connectionsMax: 10,
    drainIdleMs: 0,
    listens: true,
    requestBytesMax: 1024,
    clock: systemClock,
    events: null,
    adRequests: {
      admit: () => ({
        take: () => {
          seen.taken += 1;
          return () => {};
        },
        giveBack: () => {
          seen.givenBack += 1;
        },
      }),
    },
    status: () => ({}),
    metrics: { contentType: 'text/plain', text: async () => '' },
    observer: { onCut: () => {}, onEventRequestRefused: () => {}, onRequestsFull: () => {}, onFault: () => {} },
  });
  subscribe('http.server.request.start', onRequest);
  const inflating = new Promise<() => void>((resolve) => {
    inflation.onStarted = resolve;
  });
  const client = connect(Number(new URL(server.url).port), '127.0.0.1', () =>
    client.write('POST /openrtb2/auction HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}'),
  );
  const finishInflating = await inflating;
  client.destroy();
  await once(responses[0]!, 'close');
  finishInflating();
  expect(seen).toEqual({ taken: 0, givenBack: 1 });
});
