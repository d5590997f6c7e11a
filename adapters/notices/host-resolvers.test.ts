import { createSocket, type Socket } from 'node:dgram';
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../clock.ts';
import { createHostResolvers } from './host-resolvers.ts';

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

/** A name server on loopback; `answer` makes a reply of a query, or null to stay silent. */
async function nameServer(answer: (query: Buffer) => Buffer | null): Promise<string> {
  const socket = createSocket('udp4');
  sockets.push(socket);
  socket.on('message', (query, { port, address }) => {
    const reply = answer(query);
    if (reply !== null) socket.send(reply, port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return `127.0.0.1:${socket.address().port}`;
}

const HEADER_BYTES = 12;
const TYPE_A = 1;

/** The question as it was asked and, for type A, one address (RFC 1035 section 4.1). */
function replyWithAddress(query: Buffer): Buffer {
  const questionEnd = query.indexOf(0, HEADER_BYTES) + 5;
  const isA = query.readUInt16BE(questionEnd - 4) === TYPE_A;
  const reply = Buffer.from(query.subarray(0, questionEnd));
  reply.writeUInt16BE(0x8180, 2);
  reply.writeUInt16BE(isA ? 1 : 0, 6);
  reply.writeUInt32BE(0, 8);
  const answer = Buffer.from([0xc0, HEADER_BYTES, 0, TYPE_A, 0, 1, 0, 0, 0, 60, 0, 4, 93, 184, 215, 14]);
  return isA ? Buffer.concat([reply, answer]) : reply;
}

test('a public host is looked up at the name servers; one family suffices', async () => {
  const resolvers = createHostResolvers({
    clock: systemClock,
    onRefused: () => {},
    nameServers: [await nameServer(replyWithAddress)],
  });
  expect(await resolvers.public('dsp.test')).toEqual([{ address: '93.184.215.14', family: 4 }]);
});

test('a silent name server costs no longer than its time limit, and the name is not asked again at once', async () => {
  let queries = 0;
  const silent = await nameServer(() => {
    queries += 1;
    return null;
  });
  const resolvers = createHostResolvers({ clock: systemClock, onRefused: () => {}, nameServers: [silent] });
  const startedAtMs = performance.now();
  await expect(resolvers.public('slow.test')).rejects.toMatchObject({ code: 'ETIMEOUT' });
  expect(performance.now() - startedAtMs).toBeLessThan(2000);
  await expect(resolvers.public('slow.test')).rejects.toMatchObject({ code: 'ETIMEOUT' });
  expect(queries).toBe(2);
});

test('an allowed host may be known to this machine only', async () => {
  const silent = await nameServer(() => null);
  const { allowed } = createHostResolvers({ clock: systemClock, onRefused: () => {}, nameServers: [silent] });
  expect((await allowed('localhost')).length).toBeGreaterThan(0);
});
