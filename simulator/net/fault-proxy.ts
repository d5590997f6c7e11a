/**
 * A TCP proxy that makes a network bad: between a client and the engine, or between the engine and a DSP. What it does can
 * be changed at any time and holds for bytes that arrive from then on, also on connections that are open.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { seededRandom } from '../random.ts';
import { FaultyLink } from './faulty-link.ts';
import { HEALTHY_NETWORK, type NetworkConditions } from './network-conditions.ts';
import { resetConnection } from './tcp-reset.ts';

export interface FaultProxyOptions {
  readonly target: { readonly host: string; readonly port: number };
  /** Names the stream of the jitter. */
  readonly seed: number;
  /** Those that differ from a healthy network at the start. */
  readonly conditions?: Partial<NetworkConditions>;
}

export interface FaultProxy {
  /** On 127.0.0.1; kept while connections are refused. */
  readonly port: number;
  /** Connections of clients that are open now. */
  readonly connectionCount: () => number;
  /** Replaces all conditions; what is not named is healthy. Resolves when they hold. */
  readonly setConditions: (conditions: Partial<NetworkConditions>) => Promise<void>;
  /** Stops listening and closes every connection, on both sides. */
  readonly close: () => Promise<void>;
}

const HOST = '127.0.0.1';

/** Rejects with the system's error when no port can be had. */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const network = new BadNetwork(options);
  await network.listen(0);
  const port = network.port();
  let change = network.setConditions(options.conditions ?? {}, port);
  await change;
  return {
    port,
    connectionCount: () => network.connectionCount,
    setConditions: (conditions) => {
      change = change.then(() => network.setConditions(conditions, port));
      return change;
    },
    close: async () => {
      await change;
      await network.close();
    },
  };
}

class BadNetwork {
  readonly #target: FaultProxyOptions['target'];
  readonly #random: () => number;
  readonly #clients = new Set<Socket>();
  /** Both sides. */
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #conditions: NetworkConditions = HEALTHY_NETWORK;

  constructor({ target, seed }: FaultProxyOptions) {
    const random = seededRandom(seed).fork('network');
    this.#target = target;
    this.#random = () => random.next();
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
  }

  get connectionCount(): number {
    return this.#clients.size;
  }

  port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async listen(port: number): Promise<void> {
    const listening = once(this.#server, 'listening');
    this.#server.listen({ host: HOST, port, backlog: 1024 });
    await listening;
  }

  async setConditions(conditions: Partial<NetworkConditions>, port: number): Promise<void> {
    this.#conditions = { ...HEALTHY_NETWORK, ...conditions };
    const { mode } = this.#conditions;
    if (mode === 'reset' || mode === 'refuse') for (const socket of this.#sockets) resetConnection(socket);
    if (mode === 'refuse') await this.#stopListening();
    else if (!this.#server.listening) await this.listen(port);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await this.#stopListening();
  }

  /** Resolves when every connection is closed too. */
  async #stopListening(): Promise<void> {
    if (!this.#server.listening) return;
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket): void {
    this.#track(client);
    this.#clients.add(client);
    client.once('close', () => this.#clients.delete(client));
    if (this.#conditions.mode === 'reset') {
      resetConnection(client);
      return;
    }
    const target = connect({ ...this.#target, allowHalfOpen: true, noDelay: true });
    this.#track(target);
    const conditions = (): NetworkConditions => this.#conditions;
    const breakBoth = (): void => {
      resetConnection(client);
      resetConnection(target);
    };
    const link = (from: Socket, to: Socket): void => {
      new FaultyLink({ from, to, conditions, random: this.#random, onReset: breakBoth });
    };
    link(client, target);
    link(target, client);
    // An error of one side is one for the other; an orderly end travels through the link.
    for (const socket of [client, target]) socket.on('error', breakBoth);
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }
}
