/** A name server on loopback that answers as a test says (RFC 1035 section 4.1). */
import { createSocket } from 'node:dgram';

export interface NameServer {
  /** `address:port`. */
  readonly address: string;
  readonly close: () => void;
}

/** `answer` makes a reply of a query, or null to stay silent. */
export async function startNameServer(answer: (query: Buffer) => Buffer | null): Promise<NameServer> {
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address }) => {
    const reply = answer(query);
    if (reply !== null) socket.send(reply, port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return { address: `127.0.0.1:${socket.address().port}`, close: () => socket.close() };
}

const HEADER_BYTES = 12;
const TYPE_A = 1;
const RESPONSE = 0x8180;
const NAME_ERROR = 3;

/** The name that is asked for. */
export function nameIn(query: Buffer): string {
  const labels: string[] = [];
  for (let at = HEADER_BYTES; query[at] !== 0; at += 1 + query[at]!) {
    labels.push(query.toString('latin1', at + 1, at + 1 + query[at]!));
  }
  return labels.join('.');
}

/** The question as it was asked and, for type A, one address. */
export function replyTo(query: Buffer, address: readonly [number, number, number, number]): Buffer {
  const questionEnd = endOfQuestion(query);
  const isA = query.readUInt16BE(questionEnd - 4) === TYPE_A;
  const reply = Buffer.from(query.subarray(0, questionEnd));
  reply.writeUInt16BE(RESPONSE, 2);
  reply.writeUInt16BE(isA ? 1 : 0, 6);
  reply.writeUInt32BE(0, 8);
  const answer = Buffer.from([0xc0, HEADER_BYTES, 0, TYPE_A, 0, 1, 0, 0, 0, 60, 0, 4, ...address]);
  return isA ? Buffer.concat([reply, answer]) : reply;
}

/** NXDOMAIN. */
export function replyNoSuchName(query: Buffer): Buffer {
  const reply = Buffer.from(query.subarray(0, endOfQuestion(query)));
  reply.writeUInt16BE(RESPONSE | NAME_ERROR, 2);
  reply.writeUInt16BE(0, 6);
  reply.writeUInt32BE(0, 8);
  return reply;
}

function endOfQuestion(query: Buffer): number {
  return query.indexOf(0, HEADER_BYTES) + 5;
}
