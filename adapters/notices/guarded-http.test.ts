import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { createGuardedHttp, type GuardedHttp } from './guarded-http.ts';
import { createHostResolvers } from './host-resolvers.ts';
import { ManualTimers } from './testing/manual-timers.ts';

const BODY_BYTES_MAX = 100;

let server: Server;
let http: GuardedHttp;
let url: string;
let timers: ManualTimers;
let answer: (response: ServerResponse) => void;

beforeEach(async () => {
  server = createServer((_request, response) => answer(response));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  url = `http://${host}/`;
  timers = new ManualTimers();
  http = createGuardedHttp({
    timers,
    allowedHosts: [host],
    resolvers: createHostResolvers({ clock: systemClock, onRefused: () => {} }),
    bodyBytesMax: BODY_BYTES_MAX,
    connectionsPerOrigin: 1,
  });
});

afterEach(async () => {
  await http.destroy();
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

describe('getText', () => {
  it('gives the body, up to the limit', async () => {
    const text = 'é'.repeat(BODY_BYTES_MAX / 2);
    answer = (response) => response.end(text);
    expect(await http.getText(url, 1000)).toEqual({ kind: 'answered', status: 200, text });
  });

  it('gives no text for a body above the limit', async () => {
    answer = (response) => response.end('x'.repeat(BODY_BYTES_MAX + 1));
    expect(await http.getText(url, 1000)).toEqual({ kind: 'answered', status: 200, text: null });
  });

  it('gives no text for a body that breaks off', async () => {
    answer = (response) => {
      response.writeHead(200, { 'content-length': '50' });
      response.write('half', () => response.destroy());
    };
    expect(await http.getText(url, 1000)).toEqual({ kind: 'answered', status: 200, text: null });
  });

  it('does not follow a redirect', async () => {
    answer = (response) => response.writeHead(302, { location: url }).end();
    expect(await http.getText(url, 1000)).toMatchObject({ kind: 'answered', status: 302 });
  });

  it('ends at the time limit when nothing comes', async () => {
    const arrived = new Promise<void>((resolve) => {
      answer = () => resolve();
    });
    const outcome = http.getText(url, 250);
    await arrived;
    timers.advance(250);
    expect(await outcome).toEqual({ kind: 'timeout' });
  });

  it('refuses what get refuses', async () => {
    expect(await http.getText('http://169.254.169.254/', 1000)).toEqual({ kind: 'refused' });
  });
});
