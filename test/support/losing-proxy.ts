/** A way to a server on which answers get lost: what was asked takes effect, and whoever asked never hears of it. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

export interface LosingProxy {
  readonly port: number;
  /** Answers that were lost so far. */
  readonly lost: () => number;
  readonly close: () => Promise<void>;
}

export interface LosingProxyOptions {
  /** `host:port`. Asked with each connection. */
  readonly target: () => string;
  /** Whether the answer to what a client sends here gets lost, and its connection breaks instead. */
  readonly isLost: (request: Buffer) => boolean;
  /** Default: any that is free. */
  readonly port?: number;
}

export async function startLosingProxy({ target, isLost, port = 0 }: LosingProxyOptions): Promise<LosingProxy> {
  const sockets = new Set<Socket>();
  let lost = 0;
  const server = createServer((client) => {
    const [host, targetPort] = target().split(':') as [string, string];
    const upstream = connect(Number(targetPort), host);
    let isLosing = false;
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    client.on('data', (request) => {
      if (isLost(request)) isLosing = true;
      upstream.write(request);
    });
    upstream.on('data', (answer) => {
      if (!isLosing) {
        client.write(answer);
        return;
      }
      lost++;
      end();
    });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', end);
      socket.on('close', () => {
        sockets.delete(socket);
        end();
      });
    }
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    lost: () => lost,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Whether these bytes begin a request to Kafka that has messages in it: size, then the key of its kind, 0. */
export function isKafkaProduce(request: Buffer): boolean {
  return request.length >= 6 && request.readInt16BE(4) === 0;
}

/** Whether they ask PostgreSQL to commit. */
export function isPostgresCommit(request: Buffer): boolean {
  return request.includes('COMMIT\0');
}
