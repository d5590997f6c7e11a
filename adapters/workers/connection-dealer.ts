/**
 * The one port of all workers: connections are accepted here and dealt in turn, so that kept-alive ones spread evenly,
 * and none is lost while a worker comes or goes. A worker whose loop is blocked takes no more than a few until it is back.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Timers } from '../../engine/ports/clock.ts';
import { LISTEN_BACKLOG } from '../backlog.ts';
import { DEALING_MS_MAX } from '../process/drain-budget.ts';

/** Who can be dealt a connection. */
export interface ConnectionTaker {
  /** `onSettled` says whether it has the connection. One that will take none any more is removed before it says so. */
  readonly hand: (socket: Socket, onSettled: (isTaken: boolean) => void) => void;
}

/** Connections on their way to one worker: it confirms each within a millisecond, or is blocked. */
export const HANDOVERS_MAX = 4;
/** Connections that wait for a worker when there is none; further ones are closed at once. */
export const WAITING_MAX = 1024;

/** Closed list, the `reason` label of `rtb_connections_refused_total`. */
export const REFUSE_REASONS = [
  /** More wait for a worker than may. */
  'no-worker',
  /** Not dealt before the end of all. */
  'drain',
  /** The system had no descriptor for it. */
  'not-accepted',
] as const;

export type RefuseReason = (typeof REFUSE_REASONS)[number];

export interface ConnectionDealerOptions {
  readonly timers: Timers;
  /** Called for each connection that no worker gets. */
  readonly onRefused: (reason: RefuseReason) => void;
}

export class ConnectionDealer {
  readonly #options: ConnectionDealerOptions;
  readonly #server: Server;
  readonly #handovers = new Map<ConnectionTaker, number>();
  #order: ConnectionTaker[] = [];
  #next = 0;
  readonly #waiting = new Set<Socket>();
  /** On their way to a worker, also to one that is to get no more. */
  #underWay = 0;
  #acceptedCount = 0;
  #isClosed = false;
  #onDealt: () => void = () => {};

  constructor(options: ConnectionDealerOptions) {
    this.#options = options;
    this.#server = createServer({ pauseOnConnect: true }, (socket) => {
      this.#acceptedCount += 1;
      this.deal(socket);
    });
  }

  /** Where it listens. Rejects when the address cannot be had; the message names it. */
  async listen(host: string, port: number): Promise<string> {
    this.#server.listen({ host, port, backlog: LISTEN_BACKLOG });
    await once(this.#server, 'listening');
    // Without a listener, a connection that the system has no descriptor for would be a fault of this process.
    this.#server.on('error', () => this.#options.onRefused('not-accepted'));
    const { address, family, port: actualPort } = this.#server.address() as AddressInfo;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${actualPort}`;
  }

  /** From now on it gets connections. */
  add(taker: ConnectionTaker): void {
    this.#handovers.set(taker, 0);
    this.#order = [...this.#handovers.keys()];
    this.#dealWaiting();
  }

  /** No connection is handed to it any more. */
  remove(taker: ConnectionTaker): void {
    this.#handovers.delete(taker);
    this.#order = [...this.#handovers.keys()];
  }

  deal(socket: Socket): void {
    const taker = this.#nextTaker();
    if (taker !== null) {
      this.#hand(socket, taker);
    } else if (this.#waiting.size < WAITING_MAX && !this.#isClosed) {
      this.#keep(socket);
    } else {
      this.#refuse(socket);
    }
  }

  /**
   * Closes the port; resolves when everything that was accepted before is a worker's, or after `DEALING_MS_MAX`: then what
   * still waits is cut, and what is on its way to a worker is dealt again should that one not take it.
   */
  async close(): Promise<void> {
    await this.#acceptRest();
    this.#server.close();
    await this.#dealt();
    this.#isClosed = true;
    for (const socket of this.#waiting) this.#refuse(socket);
    this.#waiting.clear();
  }

  /** Closing the port would reset those that are not accepted yet; a turn accepts some of them, not all. */
  async #acceptRest(): Promise<void> {
    for (let turn = 0, accepted = -1; turn < LISTEN_BACKLOG && accepted !== this.#acceptedCount; turn += 1) {
      accepted = this.#acceptedCount;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #dealt(): Promise<void> {
    if (this.#isDealt()) return;
    const { timers } = this.#options;
    await new Promise<void>((resolve) => {
      const timer = timers.schedule(DEALING_MS_MAX, resolve);
      this.#onDealt = () => {
        timers.cancel(timer);
        resolve();
      };
    });
  }

  #isDealt(): boolean {
    return this.#underWay === 0 && this.#waiting.size === 0;
  }

  #refuse(socket: Socket): void {
    socket.destroy();
    this.#options.onRefused(this.#isClosed ? 'drain' : 'no-worker');
  }

  #nextTaker(): ConnectionTaker | null {
    for (let tried = 0; tried < this.#order.length; tried += 1) {
      const taker = this.#order[this.#next % this.#order.length]!;
      this.#next = (this.#next + 1) % this.#order.length;
      if (this.#handovers.get(taker)! < HANDOVERS_MAX) return taker;
    }
    return null;
  }

  #hand(socket: Socket, taker: ConnectionTaker): void {
    this.#handovers.set(taker, this.#handovers.get(taker)! + 1);
    this.#underWay += 1;
    taker.hand(socket, (isTaken) => {
      this.#underWay -= 1;
      const handovers = this.#handovers.get(taker);
      if (handovers !== undefined) this.#handovers.set(taker, handovers - 1);
      if (!isTaken) this.deal(socket);
      this.#dealWaiting();
      if (this.#isDealt()) this.#onDealt();
    });
  }

  #keep(socket: Socket): void {
    this.#waiting.add(socket);
    // Nothing is read here, so a client that leaves shows only when its connection breaks.
    socket.on('error', () => {});
    socket.once('close', () => {
      if (this.#waiting.delete(socket) && this.#isDealt()) this.#onDealt();
    });
  }

  #dealWaiting(): void {
    for (const socket of this.#waiting) {
      const taker = this.#nextTaker();
      if (taker === null) return;
      this.#waiting.delete(socket);
      this.#hand(socket, taker);
    }
  }
}
