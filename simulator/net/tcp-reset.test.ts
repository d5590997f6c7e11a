import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { resetConnection } from './tcp-reset.ts';

test('the other side reads what was sent, then ECONNRESET and no end', async () => {
  const server = createServer((socket) => {
    socket.write('some', () => resetConnection(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket: Socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const seen: string[] = [];
  socket.on('end', () => seen.push('end'));
  socket.on('error', (error: NodeJS.ErrnoException) => seen.push(error.code ?? ''));
  socket.resume();
  await new Promise((resolve) => socket.once('close', resolve));
  server.close();
  expect(seen).toEqual(['ECONNRESET']);
});
