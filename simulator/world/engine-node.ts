/** One engine of a world: the product, started by its own composition in a process that has nothing but stand-ins around it. */
import { type Gavel, type Outside, type PublicService, startGavel } from '../../compose.ts';
import type { Config } from '../../config/types.ts';
import type { AdAnswer } from '../../engine/ports/ad-requests.ts';
import type { Tracked } from '../../engine/tracking/tracking-desk.ts';
import { ProductNode, type ProductNodeOptions } from './product-node.ts';
import type { VirtualProcess } from './virtual-process.ts';

/** What an engine meets outside, made anew for each life of its process. */
export type WorldOutside = Pick<Outside, 'transport' | 'openGuardedHttp'> & Partial<Outside>;

export interface EngineNodeOptions extends ProductNodeOptions {
  readonly config: Config;
  readonly openOutside: (process: VirtualProcess) => WorldOutside;
  /** Virtual processor time of one auction, ms; 0: everything is done in no time. */
  readonly cpuMsPerAuction: number;
  /** It stands by until it is started. */
  readonly isSpare: boolean;
}

/** Part of an auction's processor time that turning a request away takes: reading it, and answering 429. */
const REFUSAL_SHARE = 0.05;
const OVERLOADED = 429;
const TELLING = { isPrefetch: false, errorCode: null };

export class EngineNode extends ProductNode<Gavel> {
  readonly config: Config;
  /** It runs only while others cannot do without it. */
  readonly isSpare: boolean;
  readonly #options: EngineNodeOptions;
  #service: PublicService | null = null;
  readonly #visitors = new Visitors();

  constructor(options: EngineNodeOptions) {
    super(options);
    this.#options = options;
    this.config = options.config;
    this.isSpare = options.isSpare;
    if (this.isSpare) this.#standBy();
  }

  /** Null: it does not run, or is about to end. */
  get gavel(): Gavel | null {
    return this.running;
  }

  /** Whether it has opened its port. */
  get isListening(): boolean {
    return this.#service !== null;
  }

  /** Is stopped in order, behind what is on its way here, and stands by. */
  retire(afterMs: number): void {
    this.isStandby = true;
    this.process.timers.schedule(afterMs, () => void this.stop());
  }

  #standBy(): void {
    this.isStandby = true;
    this.process.kill();
  }

  protected override open(): Promise<Gavel> {
    return startGavel(this.config, {
      ...this.outside(),
      resolvers: NO_RESOLVERS,
      openDoor: (service) => {
        this.#service = service;
        return { url: `https://${this.name}.example`, close: this.#visitors.allGone };
      },
      ...this.#options.openOutside(this.process),
    });
  }

  protected override uncaught(gavel: Gavel, error: unknown): 'go-on' | 'drain' {
    return gavel.uncaught('exception', error);
  }

  protected override leave(gavel: Gavel | null, how: 'killed' | 'stopped'): void {
    this.#service = null;
    if (how !== 'killed') return;
    this.#visitors.forget();
    gavel?.abandon();
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
    const leave = this.#visitors.enter();
    const hangUp = place.take(body, arrivedAtMs, (answer) => {
      leave();
      onAnswer(answer.httpStatus, answer.body);
    });
    return () => {
      leave();
      hangUp();
    };
  }

  /** A device calls a tracking URL, in a task of this process. */
  async track(token: string): Promise<Tracked['result']> {
    const events = this.#service?.events ?? null;
    if (events === null) return 'not-stored';
    return (await events.tell(token, TELLING)).result;
  }
}

/** Publishers who wait for an answer. */
class Visitors {
  #count = 0;
  #onGone: (() => void) | null = null;
  /** Who came in an earlier life of the process is nobody's visitor any more. */
  #life = 0;

  /** Returns what says that this one has left, once or more often. */
  enter(): () => void {
    const life = this.#life;
    let isIn = true;
    this.#count++;
    return () => {
      if (!isIn || life !== this.#life) return;
      isIn = false;
      this.#count--;
      if (this.#count === 0) this.#onGone?.();
    };
  }

  readonly allGone = (): Promise<void> =>
    new Promise((resolve) => {
      if (this.#count === 0) resolve();
      else this.#onGone = resolve;
    });

  /** The process has died, with all who were in. */
  forget(): void {
    this.#life++;
    this.#count = 0;
    this.#onGone = null;
  }
}

const noSuchHost = async (hostname: string): Promise<never> => {
  throw new Error(`there are no names in a world: ${hostname}`);
};
const NO_RESOLVERS = { public: noSuchHost, configured: noSuchHost };
