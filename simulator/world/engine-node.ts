/** One engine of a world: the product, started by its own composition in a process that has nothing but stand-ins around it. */
import { pino } from 'pino';
import { type Gavel, type Outside, type PublicService, startGavel } from '../../compose.ts';
import type { Config } from '../../config/types.ts';
import type { AdAnswer } from '../../engine/ports/ad-requests.ts';
import type { Tracked } from '../../engine/tracking/tracking-desk.ts';
import type { VirtualLoop } from './virtual-loop.ts';
import type { VirtualProcess } from './virtual-process.ts';

/** What an engine meets outside, made anew for each life of its process. */
export type WorldOutside = Pick<Outside, 'transport' | 'openGuardedHttp'> & Partial<Outside>;

export interface EngineNodeOptions {
  readonly loop: VirtualLoop;
  readonly process: VirtualProcess;
  readonly config: Config;
  readonly openOutside: (process: VirtualProcess) => WorldOutside;
  /** Virtual processor time of one auction, ms; 0: everything is done in no time. */
  readonly cpuMsPerAuction: number;
  readonly observer: EngineObserver;
}

export interface EngineObserver {
  readonly onStarted: (engine: EngineNode) => void;
  readonly onEnded: (engine: EngineNode, how: 'killed' | 'stopped') => void;
  /** A task of the product has thrown, or it could not start. */
  readonly onFault: (engine: EngineNode, error: unknown) => void;
}

/** Part of an auction's processor time that turning a request away takes: reading it, and answering 429. */
const REFUSAL_SHARE = 0.05;
const OVERLOADED = 429;
/** Lines of a log say when they were written, by the real clock. */
const NO_LOG = pino({ enabled: false });
const TELLING = { isPrefetch: false, errorCode: null };

export class EngineNode {
  readonly process: VirtualProcess;
  readonly config: Config;
  readonly #options: EngineNodeOptions;
  /** Null: it does not run. */
  gavel: Gavel | null = null;
  #service: PublicService | null = null;

  constructor(options: EngineNodeOptions) {
    this.#options = options;
    this.process = options.process;
    this.config = options.config;
    this.process.onUncaught = (error) => {
      options.observer.onFault(this, error);
      if (this.gavel?.uncaught('exception', error) === 'drain') void this.stop();
    };
  }

  get name(): string {
    return this.process.name;
  }

  /** Whether it has opened its port. */
  get isListening(): boolean {
    return this.#service !== null;
  }

  /** Begins to start it, in a task of its own. */
  start(): void {
    const { loop, observer } = this.#options;
    if (!this.process.isUp) this.process.restart();
    const { life } = this.process;
    loop.schedule(this.process, loop.nowMs, () => {
      loop.waitForFiles(this.#open()).then(
        (gavel) => {
          if (this.process.life !== life) return;
          this.gavel = gavel;
          observer.onStarted(this);
        },
        (error: unknown) => observer.onFault(this, error),
      );
    });
  }

  #open(): Promise<Gavel> {
    const { process } = this;
    const { random } = process;
    const draws = random.fork('draws');
    return startGavel(this.config, {
      clock: process.clock,
      timers: process.timers,
      random: () => draws.next(),
      entropy: process.entropy(),
      processName: `${process.name}-${process.life}`,
      readHeapShare: () => 0,
      log: NO_LOG,
      resolvers: NO_RESOLVERS,
      openDoor: (service) => {
        this.#service = service;
        return `https://${process.name}.example`;
      },
      ...this.#options.openOutside(process),
    });
  }

  /** Ends it at once, between two of its tasks. */
  kill(): void {
    if (!this.process.isUp) return;
    this.process.kill();
    this.#end('killed');
    this.gavel?.abandon();
    this.gavel = null;
  }

  /** As on SIGTERM. Resolves when it has ended. */
  async stop(): Promise<void> {
    const { gavel } = this;
    if (gavel === null) return;
    this.gavel = null;
    this.#service = null;
    const { life } = this.process;
    await gavel.close();
    if (this.process.life !== life) return;
    this.process.kill();
    this.#end('stopped');
  }

  #end(how: 'killed' | 'stopped'): void {
    this.#service = null;
    this.#options.observer.onEnded(this, how);
  }

  /** A publisher's request is here, in a task of this process. Calls `onAnswer` at most once; returns what hangs up. */
  request(body: Uint8Array, onAnswer: (status: number, body: AdAnswer['body'] | null) => void): () => void {
    const { process } = this;
    const { cpuMsPerAuction } = this.#options;
    const arrivedAtMs = process.clock.monotonicMs();
    const place = this.#service!.adRequests.admit('', body);
    if (place === null) {
      process.spend(cpuMsPerAuction * REFUSAL_SHARE);
      onAnswer(OVERLOADED, null);
      return () => {};
    }
    process.spend(cpuMsPerAuction);
    return place.take(body, arrivedAtMs, (answer) => onAnswer(answer.httpStatus, answer.body));
  }

  /** A device calls a tracking URL, in a task of this process. */
  async track(token: string): Promise<Tracked['result']> {
    const events = this.#service?.events ?? null;
    if (events === null) return 'not-stored';
    return (await events.tell(token, TELLING)).result;
  }
}

const noSuchHost = async (hostname: string): Promise<never> => {
  throw new Error(`there are no names in a world: ${hostname}`);
};
const NO_RESOLVERS = { public: noSuchHost, configured: noSuchHost };
