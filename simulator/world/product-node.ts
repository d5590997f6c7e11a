/** A process of a world in which the product runs: started, killed, stopped, and started again. */
import { type Logger, pino } from 'pino';
import type { OutsideParts } from '../../compose.ts';
import type { VirtualLoop } from './virtual-loop.ts';
import type { VirtualProcess } from './virtual-process.ts';

export interface ProductNodeOptions {
  readonly loop: VirtualLoop;
  readonly process: VirtualProcess;
  readonly observer: ProductObserver;
}

/** Of what has not started, no end is told. */
export interface ProductObserver {
  readonly onStarted: () => void;
  readonly onEnded: (how: 'killed' | 'stopped') => void;
  /** A task of the product has thrown. */
  readonly onFault: (error: unknown) => void;
}

interface Closeable {
  readonly close: () => Promise<void>;
}

/** Whoever looks after it starts it again so long after it could not start. */
const RETRY_MS = 1_000;
/** Lines of a log say when they were written, by the real clock. */
const NO_LOG: Logger = pino({ enabled: false });

export abstract class ProductNode<Running extends Closeable> {
  readonly process: VirtualProcess;
  /** It is not to run now; whoever needs it starts it. */
  isStandby = false;
  /** Why it could not start when it was last tried; null: it could. */
  startError: unknown = null;
  readonly #loop: VirtualLoop;
  readonly #observer: ProductObserver;
  #running: Running | null = null;
  /** It finishes what it has begun. */
  #draining: Running | null = null;

  constructor({ loop, process, observer }: ProductNodeOptions) {
    this.#loop = loop;
    this.#observer = observer;
    this.process = process;
    process.onUncaught = (error) => {
      observer.onFault(error);
      if (this.#running !== null && this.uncaught(this.#running, error) === 'drain') void this.stop();
    };
  }

  get name(): string {
    return this.process.name;
  }

  /** Its own name and which life it is in: what the product calls itself. */
  get lifeName(): string {
    return `${this.name}-${this.process.life}`;
  }

  /** Null: it does not run, or is about to end. */
  protected get running(): Running | null {
    return this.#running;
  }

  /** Rejects when it cannot start. */
  protected abstract open(): Promise<Running>;

  /** What it does about what a task of its own has thrown. */
  protected abstract uncaught(running: Running, error: unknown): 'go-on' | 'drain';

  /** Nobody reaches it any more. `running` null: it was killed while it started. */
  protected abstract leave(running: Running | null, how: 'killed' | 'stopped'): void;

  /** Begins to start it, in a task of its own. */
  start(): void {
    const { process } = this;
    this.isStandby = false;
    if (!process.isUp) process.restart();
    const { life } = process;
    this.#loop.schedule(process, this.#loop.nowMs, () => {
      this.#loop.waitForFiles(this.open()).then(
        (running) => {
          if (process.life !== life) return;
          this.#running = running;
          this.startError = null;
          this.#observer.onStarted();
        },
        (error: unknown) => {
          if (process.life !== life) return;
          this.startError = error;
          process.timers.schedule(RETRY_MS, () => this.#startAnew());
        },
      );
    });
  }

  #startAnew(): void {
    this.kill();
    this.start();
  }

  /** Ends it at once, between two of its tasks. */
  kill(): void {
    if (!this.process.isUp) return;
    const running = this.#running ?? this.#draining;
    this.#running = null;
    this.#draining = null;
    this.process.kill();
    this.leave(running, 'killed');
    if (running !== null) this.#observer.onEnded('killed');
  }

  /** As on SIGTERM. Resolves when it has ended. */
  async stop(): Promise<void> {
    const running = this.#running;
    if (running === null) return;
    this.#running = null;
    this.#draining = running;
    this.leave(running, 'stopped');
    const { life } = this.process;
    await running.close();
    if (this.process.life !== life) return;
    this.#draining = null;
    this.process.kill();
    this.#observer.onEnded('stopped');
  }

  /** What any product meets outside: time, randomness and a name of this life. */
  protected outside(): OutsideOfLife {
    const { process } = this;
    const draws = process.random.fork('draws');
    return {
      clock: process.clock,
      timers: process.timers,
      random: () => draws.next(),
      entropy: process.entropy(),
      processName: this.lifeName,
      readHeapShare: () => 0,
      log: NO_LOG,
    };
  }
}

type OutsideOfLife = Pick<
  OutsideParts,
  'clock' | 'timers' | 'random' | 'entropy' | 'processName' | 'readHeapShare' | 'log'
>;
