/**
 * The open connections of clients, bounded. Overflow policy `cut-idlest`: a newcomer takes the place of the connection that
 * has been without an auction the longest, be it silent, slow with its request or idle between two; so slow clients, however
 * many, hold the door against each other and not against those who have something to ask. When every connection has an
 * auction under way, the newcomer is the idlest and is cut itself.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Closed list, the `reason` label of `rtb_client_connections_cut_total`. */
export const CUT_REASONS = [
  /** Made room for a newcomer, or found none. */
  'idlest',
  /** Over `REQUESTS_PER_CONNECTION_MAX`. */
  'pipelined',
  /** Headers or body took too long. */
  'slow',
  /** No HTTP, or two readings of where the request ends. */
  'malformed',
  /** The headers are too long. */
  'headers-too-large',
  /** The system had no descriptor for it. */
  'not-accepted',
] as const;

export type CutReason = (typeof CUT_REASONS)[number];

/** Auctions under way on one connection. Nobody pipelines so many; without a bound one client's packet starts a thousand. */
export const REQUESTS_PER_CONNECTION_MAX = 64;

export class ClientConnections {
  readonly #connectionsMax: number;
  readonly #onCut: (reason: CutReason) => void;
  /** What is under way on each open connection. */
  readonly #open = new Map<Socket, Set<ServerResponse>>();
  /** Those with nothing under way, the idlest first. */
  readonly #idle = new Set<Socket>();
  /** Nothing more is read from these. */
  readonly #ending = new Set<Socket>();
  #requestsUnderWay = 0;
  #onGone: (() => void)[] = [];

  constructor(connectionsMax: number, onCut: (reason: CutReason) => void) {
    this.#connectionsMax = connectionsMax;
    this.#onCut = onCut;
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** Of all connections together. */
  get requestsUnderWay(): number {
    return this.#requestsUnderWay;
  }

  readonly opened = (socket: Socket): void => {
    this.#open.set(socket, new Set());
    this.#idle.add(socket);
    socket.once('close', () => this.#forget(socket));
    if (this.#open.size > this.#connectionsMax) this.#cutIdlest();
  };

  /**
   * A whole request has come; it is under way until its response closes. False: its connection is gone, or has been cut
   * because this is one too many.
   */
  requestBegan(socket: Socket, response: ServerResponse): boolean {
    const underWay = this.#open.get(socket);
    if (underWay === undefined) return false;
    if (underWay.size >= REQUESTS_PER_CONNECTION_MAX) {
      this.#cut(socket, 'pipelined');
      return false;
    }
    underWay.add(response);
    this.#requestsUnderWay += 1;
    this.#idle.delete(socket);
    response.once('close', () => this.#requestEnded(socket, response));
    return true;
  }

  /**
   * The client spoke nonsense behind requests that are under way: their answers go out, then the connection ends. False:
   * there are none, and the caller may answer. The caller has stopped reading.
   */
  endAfterAnswers(socket: Socket): boolean {
    const underWay = this.#open.get(socket);
    if (underWay === undefined || underWay.size === 0) return false;
    this.#ending.add(socket);
    return true;
  }

  /** Resolves once none is open. */
  gone(): Promise<void> {
    return this.#open.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#onGone.push(resolve));
  }

  /** Ends those on which no byte has come: they are neither idle nor active to node, so closing would wait for them. */
  cutSilent(): void {
    for (const socket of this.#open.keys()) if (socket.bytesRead === 0) socket.destroy();
  }

  /** Ends those with nothing under way, such as a request that is still being sent. */
  readonly cutIdle = (): void => {
    for (const socket of this.#idle) this.#cut(socket, 'slow');
  };

  #requestEnded(socket: Socket, response: ServerResponse): void {
    const underWay = this.#open.get(socket);
    if (underWay?.delete(response) !== true) return;
    this.#requestsUnderWay -= 1;
    if (underWay.size > 0) return;
    if (this.#ending.has(socket)) socket.destroySoon();
    else this.#idle.add(socket);
  }

  #cutIdlest(): void {
    for (const socket of this.#idle) {
      this.#cut(socket, 'idlest');
      return;
    }
  }

  #cut(socket: Socket, reason: CutReason): void {
    // At once: 'close' comes a turn later, and every newcomer of this turn must find another one.
    this.#forget(socket);
    this.#onCut(reason);
    socket.destroy();
  }

  #forget(socket: Socket): void {
    const underWay = this.#open.get(socket);
    if (underWay === undefined) return;
    this.#open.delete(socket);
    this.#idle.delete(socket);
    this.#ending.delete(socket);
    this.#requestsUnderWay -= underWay.size;
    // Node tells only the response whose turn it is; the auctions of those behind it would go on for nobody.
    for (const response of underWay) {
      response.destroy();
      response.emit('close');
    }
    if (this.#open.size === 0) for (const resolve of this.#onGone.splice(0)) resolve();
  }
}
