import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ResolvedAddress, ResolveHost } from '../dns/resolve-host.ts';
import { createUrlCheck, isPublicAddress } from './address-guard.ts';
import { createGuardedHttp } from './guarded-http.ts';
import { systemTimers } from './testing/system-timers.ts';

/** What the names of the hostile URLs resolve to. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  'loopback.test': ['127.0.0.1'],
  'loopback-other.test': ['127.8.8.8'],
  'zero.test': ['0.0.0.0'],
  'metadata.test': ['169.254.169.254'],
  'azure-agent.test': ['168.63.129.16'],
  'alibaba-metadata.test': ['100.100.100.200'],
  'ten.test': ['10.1.2.3'],
  'private-b.test': ['172.31.255.254'],
  'private-c.test': ['192.168.0.1'],
  'cgnat.test': ['100.64.0.1'],
  'benchmark.test': ['198.18.0.1'],
  'documentation.test': ['203.0.113.9'],
  'multicast.test': ['224.0.0.1'],
  'reserved.test': ['240.0.0.1'],
  'broadcast.test': ['255.255.255.255'],
  'loopback6.test': ['::1'],
  'mapped.test': ['::ffff:127.0.0.1'],
  'mapped-public.test': ['::ffff:8.8.8.8'],
  'compatible.test': ['::7f00:1'],
  'unique-local.test': ['fd00::1'],
  'link-local.test': ['fe80::1'],
  'zone.test': ['fe80::1%eth0'],
  'nat64.test': ['64:ff9b::a9fe:a9fe'],
  'nat64-local.test': ['64:ff9b:1::7f00:1'],
  '6to4.test': ['2002:7f00:1::'],
  'teredo.test': ['2001::1'],
  'documentation6.test': ['2001:db8::1'],
  'multicast6.test': ['ff02::1'],
  'mixed.test': ['93.184.215.14', '10.0.0.1'],
  'mixed6.test': ['2606:2800:21f:cb07:6820:80da:af6b:8b2c', '::1'],
  'nothing.test': ['not-an-address'],
  'trailing.test.': ['127.0.0.1'],
  localhost: ['127.0.0.1', '::1'],
  'localhost.': ['127.0.0.1'],
  'metadata.google.internal': ['169.254.169.254'],
};

const HOSTILE_URLS: readonly string[] = [
  ...Object.keys(NAMES).map((name) => `https://${name}/win`),
  'https://127.0.0.1/',
  'https://127.1/',
  'https://2130706433/',
  'https://0x7f000001/',
  'https://0x7f.0.0.1/',
  'https://0177.0.0.1/',
  'https://017700000001/',
  'https://0/',
  'https://0.0.0.0/',
  'https://127.0.0.1./',
  'https://①②⑦.0.0.1/',
  'https://127%2e0%2e0%2e1/',
  'https://169.254.169.254/latest/meta-data/',
  'https://2852039166/',
  'https://0xa9fea9fe/',
  'https://10.0.0.1/',
  'https://100.64.0.1/',
  'https://[::1]/',
  'https://[::]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[::ffff:7f00:1]/',
  'https://[::127.0.0.1]/',
  'https://[64:ff9b::127.0.0.1]/',
  'https://[2002:7f00:1::]/',
  'https://[fe80::1%25eth0]/',
  'https://[fd00:ec2::254]/',
  'http://93.184.215.14/',
  'http://public.test/',
  'https://public.test:80/',
  'https://public.test:8443/',
  'https://public.test:22/',
  'https://user@public.test/',
  'https://user:secret@public.test/',
  'https://public.test@127.0.0.1/',
  'https://public.test\\@127.0.0.1/\r\n',
  'https://public.test/\r\nHost: 127.0.0.1',
  'https://public.test/\u0000',
  'https://public\t.test/',
  ' https://public.test/',
  'https://public.test/a b',
  'ftp://public.test/',
  'file:///etc/passwd',
  'gopher://public.test:443/',
  'javascript:alert(1)',
  'data:text/plain,x',
  'unix:/var/run/docker.sock',
  '//public.test/',
  '/win',
  '',
  'https://',
  'https://[::1',
  `https://public.test/${'x'.repeat(9000)}`,
  // The port belongs to the permission.
  'http://allowed.test:1/',
  'http://sub.allowed.test/',
];

const asAddresses = (addresses: readonly string[]): ResolvedAddress[] =>
  addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

const resolve: ResolveHost = async (hostname) => {
  const addresses = NAMES[hostname];
  if (addresses === undefined) throw Object.assign(new Error(`no such host ${hostname}`), { code: 'ENOTFOUND' });
  return asAddresses(addresses);
};

/** Sockets tell each address they start a connection to. */
let attempts: string[];
beforeEach(() => {
  attempts = [];
  const emit = Socket.prototype.emit;
  vi.spyOn(Socket.prototype, 'emit').mockImplementation(function (this: Socket, event: unknown, ...rest: unknown[]) {
    if (event === 'connectionAttempt') attempts.push(`${rest[0]}:${rest[1]}`);
    return Reflect.apply(emit, this, [event, ...rest]);
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

const createHttp = (allowedHosts: readonly string[], resolveHost: ResolveHost = resolve) =>
  createGuardedHttp({
    timers: systemTimers,
    allowedHosts,
    resolvers: { public: resolveHost, configured: resolveHost },
    bodyBytesMax: 1024,
    connectionsPerOrigin: 1,
  });

describe('hostile URLs', () => {
  it('are more than sixty', () => {
    expect(HOSTILE_URLS.length).toBeGreaterThan(60);
  });

  it.each(HOSTILE_URLS.map((url) => [JSON.stringify(url).slice(0, 80), url]))(
    '%s: no connection',
    async (_name, url) => {
      const http = createHttp(['allowed.test:8080']);
      expect(await http.get(url, 1000)).toEqual({ kind: 'refused' });
      expect(attempts).toEqual([]);
      await http.destroy();
    },
  );

  it('rebinding gains nothing: the socket gets the address that was checked, and every connection asks again', async () => {
    let asked = 0;
    const rebinding: ResolveHost = async () => asAddresses([asked++ === 0 ? '192.0.2.1' : '127.0.0.1']);
    const http = createHttp([], rebinding);
    expect(await http.get('https://rebinding.test/', 1000)).toEqual({ kind: 'refused' });
    expect(await http.get('https://rebinding.test/', 1000)).toEqual({ kind: 'refused' });
    expect(asked).toBe(2);
    expect(attempts).toEqual([]);
    await http.destroy();
  });

  it('a name is resolved once per connection, so what was checked is what the socket uses', async () => {
    const server = createServer((_request, response) => response.writeHead(204).end());
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    let asked = 0;
    const http = createHttp([`allowed.test:${port}`], async () => {
      asked += 1;
      return asAddresses(['127.0.0.1']);
    });
    expect(await http.get(`http://allowed.test:${port}/`, 1000)).toMatchObject({ kind: 'answered', status: 204 });
    // The probe of the tests above sees real connections.
    expect(attempts).toEqual([`127.0.0.1:${port}`]);
    expect(asked).toBe(1);
    await http.destroy();
    await new Promise((closed) => server.close(closed));
  });
});

describe('createUrlCheck', () => {
  const check = createUrlCheck(['Local.Test', '127.0.0.1:9000', '[::1]:9000', 'web.test:80']);

  it.each([
    ['https://dsp.example/win?p=1.5', 'public'],
    ['https://dsp.example:443/', 'public'],
    ['https://8.8.8.8/', 'public'],
    ['https://[2606:4700::1111]/', 'public'],
    ['http://local.test/', 'allowed'],
    ['https://LOCAL.test:9999/', 'allowed'],
    ['http://127.0.0.1:9000/', 'allowed'],
    ['http://[::1]:9000/', 'allowed'],
    ['http://web.test/', 'allowed'],
    ['http://127.0.0.1:9001/', 'refused'],
    ['https://web.test/', 'public'],
    ['http://user@local.test/', 'refused'],
    ['ftp://local.test/', 'refused'],
  ])('%s is %s', (url, kind) => {
    expect(check(url).kind).toBe(kind);
  });
});

describe('isPublicAddress', () => {
  it.each(['8.8.8.8', '93.184.215.14', '2606:4700::1111', '2a00:1450:4001:80b::200e'])('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each([...new Set(Object.values(NAMES).flat())].filter((a) => a !== '93.184.215.14' && !a.startsWith('2606')))(
    '%s is not',
    (address) => {
      expect(isPublicAddress(address)).toBe(false);
    },
  );
});
