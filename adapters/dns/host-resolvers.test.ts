import { afterEach, expect, test, vi } from 'vitest';
import { systemClock } from '../clock.ts';
import { createHostResolvers } from './host-resolvers.ts';
import type { ResolveHost } from './resolve-host.ts';
import { type NameServer, replyTo, startNameServer } from './testing/name-server.ts';

const servers: NameServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function nameServer(answer: (query: Buffer) => Buffer | null): Promise<string> {
  const server = await startNameServer(answer);
  servers.push(server);
  return server.address;
}

const replyWithAddress = (query: Buffer): Buffer => replyTo(query, [93, 184, 215, 14]);

test('a public host is looked up at the name servers; one family suffices', async () => {
  const resolvers = createHostResolvers({ clock: systemClock, nameServers: [await nameServer(replyWithAddress)] });
  expect(await resolvers.public('dsp.test')).toEqual([{ address: '93.184.215.14', family: 4 }]);
});

test('a silent name server costs no longer than its time limit, and the name is not asked again at once', async () => {
  let queries = 0;
  const silent = await nameServer(() => {
    queries += 1;
    return null;
  });
  const resolvers = createHostResolvers({ clock: systemClock, nameServers: [silent] });
  const startedAtMs = performance.now();
  await expect(resolvers.public('slow.test')).rejects.toMatchObject({ code: 'ETIMEOUT' });
  expect(performance.now() - startedAtMs).toBeLessThan(2000);
  await expect(resolvers.public('slow.test')).rejects.toMatchObject({ code: 'ETIMEOUT' });
  expect(queries).toBe(2);
});

test('a host of the configuration may be known to this machine only', async () => {
  const silent = await nameServer(() => null);
  const { configured } = createHostResolvers({ clock: systemClock, nameServers: [silent] });
  expect((await configured('localhost')).length).toBeGreaterThan(0);
});

test('the system is asked for what name servers do not know, for one name at a time', async () => {
  const silent = await nameServer(() => null);
  const asked: string[] = [];
  let answer = (): void => {};
  const system: ResolveHost = (hostname) => {
    asked.push(hostname);
    return new Promise((resolve) => {
      answer = () => resolve([{ address: '192.0.2.1', family: 4 }]);
    });
  };
  const { configured } = createHostResolvers({ clock: systemClock, nameServers: [silent], system });
  const lookups = [configured('one.test'), configured('two.test')];
  await vi.waitFor(() => expect(asked).toHaveLength(1), { timeout: 5000 });
  answer();
  await lookups[asked[0] === 'one.test' ? 0 : 1];
  await vi.waitFor(() => expect(asked).toHaveLength(2));
  answer();
  await Promise.all(lookups);
});

test('name servers that answer are enough, and a host of the configuration is asked for once', async () => {
  let queries = 0;
  const counting = await nameServer((query) => {
    queries += 1;
    return replyWithAddress(query);
  });
  const system: ResolveHost = () => Promise.reject(new Error('asked the system'));
  const { configured } = createHostResolvers({ clock: systemClock, nameServers: [counting], system });
  for (let call = 0; call < 3; call++) {
    expect(await configured('dsp.test')).toEqual([{ address: '93.184.215.14', family: 4 }]);
  }
  expect(queries).toBe(2);
});
