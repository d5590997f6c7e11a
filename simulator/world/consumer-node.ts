/** One process of a world that makes something of events and runs no auction: the product's, as `gavel consume` starts it. */
import { pino } from 'pino';
import { type OutsideParts, type RunningConsumer, startEventConsumer } from '../../compose.ts';
import type { Config } from '../../config/types.ts';
import type { VirtualLoop } from './virtual-loop.ts';
import type { VirtualProcess } from './virtual-process.ts';

export interface ConsumerNodeOptions {
  readonly loop: VirtualLoop;
  readonly process: VirtualProcess;
  readonly config: Config;
  /** What it meets outside, made anew for each life of its process. */
  readonly openOutside: (process: VirtualProcess) => Partial<OutsideParts>;
  readonly observer: ConsumerObserver;
}

export interface ConsumerObserver {
  readonly onStarted: () => void;
  readonly onEnded: (how: 'killed' | 'stopped') => void;
  /** A task of the product has thrown. */
  readonly onFault: (error: unknown) => void;
}

/** Whoever looks after it begins it again so long after it could not start: `gavel consume` ends then. */
const RETRY_MS = 1_000;
/** What the archive is made of is a file system's. */
const CONSUMERS = ['billing', 'counters'] as const;
/** Lines of a log say when they were written, by the real clock. */
const NO_LOG = pino({ enabled: false });

export class ConsumerNode {
  readonly process: VirtualProcess;
  readonly #options: ConsumerNodeOptions;
  /** Null: it does not run. */
  #running: RunningConsumer | null = null;

  constructor(options: ConsumerNodeOptions) {
    this.#options = options;
    this.process = options.process;
    this.process.onUncaught = options.observer.onFault;
  }

  get name(): string {
    return this.process.name;
  }

  get isRunning(): boolean {
    return this.#running !== null;
  }

  /** Begins to start it, in a task of its own. */
  start(): void {
    const { loop, observer } = this.#options;
    if (!this.process.isUp) this.process.restart();
    const { life } = this.process;
    loop.schedule(this.process, loop.nowMs, () => {
      loop.waitForFiles(this.#open()).then(
        (running) => {
          if (this.process.life !== life) return;
          this.#running = running;
          observer.onStarted();
        },
        () => {
          if (this.process.life === life) this.process.timers.schedule(RETRY_MS, () => this.#startAnew());
        },
      );
    });
  }

  #startAnew(): void {
    this.process.kill();
    this.start();
  }

  #open(): Promise<RunningConsumer> {
    const { process } = this;
    const draws = process.random.fork('draws');
    return startEventConsumer(this.#options.config, {
      consumers: CONSUMERS,
      fromStart: false,
      clock: process.clock,
      timers: process.timers,
      random: () => draws.next(),
      entropy: process.entropy(),
      processName: `${process.name}-${process.life}`,
      readHeapShare: () => 0,
      log: NO_LOG,
      ...this.#options.openOutside(process),
    });
  }

  /** Ends it at once, between two of its tasks. */
  kill(): void {
    if (!this.process.isUp) return;
    this.process.kill();
    this.#running = null;
    this.#options.observer.onEnded('killed');
  }

  /** As on SIGTERM. Resolves when it has ended. */
  async stop(): Promise<void> {
    const running = this.#running;
    if (running === null) return;
    this.#running = null;
    const { life } = this.process;
    await running.close();
    if (this.process.life !== life) return;
    this.process.kill();
    this.#options.observer.onEnded('stopped');
  }
}
