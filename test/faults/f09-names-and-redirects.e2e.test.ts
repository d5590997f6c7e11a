/** Where the connection leads: redirects, names that cannot be resolved, certificates that prove nothing. */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../adapters/clock.ts';
import { createHostResolvers } from '../../adapters/dns/host-resolvers.ts';
import {
  type NameServer,
  nameIn,
  replyNoSuchName,
  replyTo,
  startNameServer,
} from '../../adapters/dns/testing/name-server.ts';
import type { DspEndpoint } from '../../simulator/dsp/server.ts';
import { expectSoundAnswers } from '../oracles.ts';
import { EXPIRED } from '../support/expired-certificate.ts';
import { type FaultRig, quantileMs, SICK, startFaultRig, TMAX_MS, winnersOf } from '../support/fault-rig.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Every DSP by its name, `<id>.test`. */
const byName = ({ id, url }: DspEndpoint): string => url.replace('127.0.0.1', `${id}.test`);

async function startNamedRig(sickReply: (query: Buffer) => Buffer | null): Promise<FaultRig> {
  const server: NameServer = await startNameServer((query) =>
    nameIn(query).startsWith(SICK) ? sickReply(query) : replyTo(query, [127, 0, 0, 1]),
  );
  closing.push(server.close);
  // The system's resolver would be silent as well.
  const system = (): Promise<never> => new Promise(() => {});
  const resolvers = createHostResolvers({ clock: systemClock, nameServers: [server.address], system });
  const rig = await startFaultRig({ urlOf: byName, outside: { resolvers } });
  closing.push(rig.close);
  return rig;
}

describe('F09 redirects, slow DNS, NXDOMAIN, bad certificates', () => {
  it('a redirect to localhost is an error, and not followed', async () => {
    const rig = await startFaultRig({ config: { 'protection.enabled': false } });
    closing.push(rig.close);
    await rig.setFaults({ [SICK]: { redirect: 1 } });
    const answers = await rig.ask(10);
    expectSoundAnswers(answers, TMAX_MS);
    for (const record of await rig.sickRecords(answers))
      expect(record).toMatchObject({ result: 'http-error', detail: '302' });
    expect(await rig.received(SICK)).toMatchObject({ calls: 10, strays: 0 });
  });

  // The two runs share the machine with whatever else happens on it.
  it.each([
    ['a name server that stays silent', () => null],
    ['NXDOMAIN', replyNoSuchName],
  ])('%s: the others are reached by name, and no answer takes longer', { retry: 2 }, async (_name, sickReply) => {
    const healthy = await startNamedRig((query) => replyTo(query, [127, 0, 0, 1]));
    await healthy.ask(60);
    const usual = await healthy.ask(150);
    const rig = await startNamedRig(sickReply);
    await rig.ask(60);
    const answers = await rig.ask(150);
    expectSoundAnswers(answers, TMAX_MS);
    expect(answers.flatMap(winnersOf).length).toBeGreaterThan(0);
    expect((await rig.received(SICK)).calls).toBe(0);
    expect(quantileMs(answers, 0.99)).toBeLessThan(quantileMs(usual, 0.99) * 2 + 20);
  });

  it('an expired certificate that nobody signed is no DSP', async () => {
    const server = createServer(EXPIRED, (_request, response) => response.writeHead(204).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => new Promise((resolve) => server.close(resolve)));
    const { port } = server.address() as AddressInfo;
    const rig = await startFaultRig({
      config: { 'protection.enabled': false },
      urlOf: ({ id, url }) => (id === SICK ? `https://localhost:${port}/bid` : url),
    });
    closing.push(rig.close);
    const answers = await rig.ask(10);
    expectSoundAnswers(answers, TMAX_MS);
    for (const record of await rig.sickRecords(answers)) {
      expect(record).toMatchObject({ result: 'unreachable', detail: expect.stringMatching(/CERT/) });
    }
  });
});
