/**
 * Publishers who keep asking: an open loop over raw sockets with prepared bytes, which costs little enough to ask ten times
 * what the engine can do from the core beside it. Connections are kept alive; a request goes out over a free one, or a new
 * one while there are fewer than `connectionsMax`.
 */
import { connect, type Socket } from 'node:net';
import { setTimeout as delay, setImmediate as yieldToEvents } from 'node:timers/promises';
import type { SeededRandom } from '../../simulator/random.ts';
import { type AnswerReader, createAnswerReader } from './answer-reader.ts';
import { PhaseTally } from './phase-tally.ts';

export interface SurgeClientOptions {
  /** Of the auction endpoint. */
  readonly url: string;
  /** JSON bodies, sent in turn. */
  readonly bodies: readonly string[];
  readonly connectionsMax: number;
  /** An answer after this is late: tmax of the requests, ms. */
  readonly deadlineMs: number;
  readonly random: SeededRandom;
}

export interface LoadPhase {
  /** Mean arrivals a second, Poisson. */
  readonly ratePerSec: number;
  readonly seconds: number;
  /** How often a request that was refused, late or lost is asked again; none when absent. */
  readonly retriesMax?: number;
}

interface Attempt {
  readonly dueMs: number;
  readonly retriesLeft: number;
  readonly tally: PhaseTally;
}

/** Impatient clients: soon, and not all at once. */
const RETRY_AFTER_MS = { min: 20, max: 100 };
/** Overdue requests sent in a row: so that answers are read in time. */
const OVERDUE_BURST = 16;
/** An answer later than this is lost. */
const LOST_AFTER_MS = 3000;
const SWEEP_MS = 250;
const SETTLE_MS = 10;

export class SurgeClient {
  readonly #options: SurgeClientOptions;
  readonly #requests: readonly Buffer[];
  readonly #address: { readonly host: string; readonly port: number };
  readonly #free: Connection[] = [];
  readonly #open = new Set<Connection>();
  #sent = 0;
  /** Attempts and pauses before one. */
  #underWay = 0;

  constructor(options: SurgeClientOptions) {
    const { host, hostname, port, pathname, search } = new URL(options.url);
    this.#options = options;
    this.#address = { host: hostname, port: Number(port) };
    this.#requests = options.bodies.map((body) => {
      const head = `POST ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\n`;
      return Buffer.from(`${head}x-openrtb-version: 2.6\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    });
  }

  /** Asks at its times whatever becomes of it, then waits for what is out. */
  async run({ ratePerSec, seconds, retriesMax = 0 }: LoadPhase): Promise<PhaseTally> {
    const startMs = performance.now();
    const tally = new PhaseTally({ startMs, seconds, deadlineMs: this.#options.deadlineMs });
    const sweep = setInterval(() => this.#dropLost(), SWEEP_MS);
    const meanGapMs = 1000 / ratePerSec;
    const endMs = startMs + seconds * 1000;
    let count = 0;
    for (let dueMs = startMs; dueMs < endMs; dueMs += this.#options.random.exponential(meanGapMs)) {
      const waitMs = dueMs - performance.now();
      if (waitMs > 0) await delay(waitMs);
      else if (++count % OVERDUE_BURST === 0) await yieldToEvents();
      tally.sent(performance.now() - dueMs);
      this.#attempt({ dueMs, retriesLeft: retriesMax, tally });
    }
    await this.#settled();
    clearInterval(sweep);
    return tally;
  }

  /** Asks so many times at once, and waits for what becomes of it. */
  async burst(count: number): Promise<PhaseTally> {
    const tally = new PhaseTally({ startMs: performance.now(), seconds: 1, deadlineMs: this.#options.deadlineMs });
    for (let index = 0; index < count; index++) {
      this.#attempt({ dueMs: performance.now(), retriesLeft: 0, tally });
    }
    await this.#settled();
    return tally;
  }

  close(): void {
    for (const connection of this.#open) connection.close();
  }

  async #settled(): Promise<void> {
    while (this.#underWay > 0) {
      await delay(SETTLE_MS);
      this.#dropLost();
    }
  }

  #attempt(attempt: Attempt): void {
    this.#underWay++;
    const connection = this.#free.pop() ?? this.#connect();
    if (connection === null) this.#ended(attempt, 0);
    else connection.send(this.#requests[this.#sent++ % this.#requests.length]!, attempt);
  }

  #connect(): Connection | null {
    if (this.#open.size >= this.#options.connectionsMax) return null;
    const connection: Connection = new Connection(connect({ ...this.#address, noDelay: true }), {
      answered: (attempt, status, staysOpen) => {
        if (staysOpen) this.#free.push(connection);
        this.#ended(attempt, status);
      },
      closed: (attempt) => {
        this.#open.delete(connection);
        const at = this.#free.indexOf(connection);
        if (at !== -1) this.#free.splice(at, 1);
        if (attempt !== null) this.#ended(attempt, 0);
      },
    });
    this.#open.add(connection);
    return connection;
  }

  /** `status` 0: no answer. */
  #ended(attempt: Attempt, status: number): void {
    const { dueMs, retriesLeft, tally } = attempt;
    const nowMs = performance.now();
    const isGood = tally.ended(dueMs, nowMs, status);
    this.#underWay--;
    if (isGood || retriesLeft === 0) return;
    this.#underWay++;
    const { min, max } = RETRY_AFTER_MS;
    const pauseMs = min + this.#options.random.next() * (max - min);
    setTimeout(() => {
      this.#underWay--;
      tally.sent(0);
      this.#attempt({ dueMs: performance.now(), retriesLeft: retriesLeft - 1, tally });
    }, pauseMs);
  }

  #dropLost(): void {
    const lostBeforeMs = performance.now() - LOST_AFTER_MS;
    for (const connection of this.#open) connection.closeIfAskedBefore(lostBeforeMs);
  }
}

interface ConnectionOwner {
  readonly answered: (attempt: Attempt, status: number, staysOpen: boolean) => void;
  /** With the attempt that it had no answer for. */
  readonly closed: (attempt: Attempt | null) => void;
}

/** One request at a time. */
class Connection {
  readonly #socket: Socket;
  readonly #reader: AnswerReader = createAnswerReader();
  #attempt: Attempt | null = null;

  constructor(socket: Socket, owner: ConnectionOwner) {
    this.#socket = socket;
    socket.on('error', () => {});
    socket.on('close', () => owner.closed(this.#attempt));
    socket.on('data', (chunk: Buffer) => {
      const attempt = this.#attempt;
      if (attempt === null || !this.#reader.read(chunk)) return;
      this.#attempt = null;
      const closes = this.#reader.closes();
      if (closes) socket.destroy();
      owner.answered(attempt, this.#reader.status(), !closes);
    });
  }

  send(request: Buffer, attempt: Attempt): void {
    this.#attempt = attempt;
    this.#socket.write(request);
  }

  closeIfAskedBefore(ms: number): void {
    if (this.#attempt !== null && this.#attempt.dueMs < ms) this.#socket.destroy();
  }

  close(): void {
    this.#socket.destroy();
  }
}
