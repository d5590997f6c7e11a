/** The way from one process to store or ledger: calls are late, lost on either way, done twice, or fall into an outage. */
import type { SeededRandom } from '../../../simulator/random.ts';
import type { BudgetStore } from '../../ports/budget-store.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface LinkFaults {
  readonly lostRequest: number;
  readonly lostReply: number;
  /** Done again up to some seconds later. */
  readonly repeated: number;
  /** Of a second or so instead of some milliseconds, each way. */
  readonly slow: number;
}

export const NO_LINK_FAULTS: LinkFaults = { lostRequest: 0, lostReply: 0, repeated: 0, slow: 0 };

export interface UnreliableLinkOptions {
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  /** Each way, in the mean, when nothing is wrong. */
  readonly delayMs: number;
  readonly timeoutMs: number;
  readonly faults: () => LinkFaults;
  /** The other side cannot be reached now. */
  readonly isDown: () => boolean;
  /** The caller is dead: it hears nothing any more. */
  readonly isCallerGone: () => boolean;
  readonly error: (message: string) => Error;
}

const REPEATED_AFTER_MS_MAX = 8000;

export class UnreliableLink {
  readonly #options: UnreliableLinkOptions;

  constructor(options: UnreliableLinkOptions) {
    this.#options = options;
  }

  call<T>(work: () => Promise<T>): Promise<T> {
    const { time, random, timeoutMs, isDown, isCallerGone, error } = this.#options;
    const faults = this.#options.faults();
    const isRequestLost = random.chance(faults.lostRequest);
    const isReplyLost = random.chance(faults.lostReply);
    const thereMs = this.#delayMs(faults.slow);
    const backMs = this.#delayMs(faults.slow);
    if (random.chance(faults.repeated)) this.#repeat(work, random.uniform(0, REPEATED_AFTER_MS_MAX));
    return new Promise<T>((resolve, reject) => {
      const settle = (act: () => void): void => {
        time.cancel(timeout);
        if (!isCallerGone()) act();
      };
      const timeout = time.schedule(timeoutMs, () => settle(() => reject(error('late'))));
      if (isRequestLost) return;
      time.schedule(thereMs, () => {
        if (isDown()) {
          settle(() => reject(error('unreachable')));
          return;
        }
        this.#work(work).then(
          (result) => {
            if (!isReplyLost) time.schedule(backMs, () => settle(() => resolve(result)));
          },
          (failure) => time.schedule(backMs, () => settle(() => reject(failure))),
        );
      });
    });
  }

  #repeat(work: () => Promise<unknown>, afterMs: number): void {
    this.#options.time.schedule(afterMs, () => {
      if (!this.#options.isDown()) this.#work(work).catch(() => {});
    });
  }

  async #work<T>(work: () => Promise<T>): Promise<T> {
    const { time } = this.#options;
    time.realCalls++;
    try {
      return await work();
    } finally {
      time.realCalls--;
    }
  }

  #delayMs(slow: number): number {
    const { random, delayMs } = this.#options;
    return random.chance(slow) ? random.uniform(0, 2500) : random.exponential(delayMs);
  }
}

export function storeBehind(link: UnreliableLink, store: BudgetStore): BudgetStore {
  return {
    install: (tranche) => link.call(() => store.install(tranche)),
    grant: (wanted) => link.call(() => store.grant(wanted)),
    fence: (accountId, epoch) => link.call(() => store.fence(accountId, epoch)),
    leave: (accountId, processId) => link.call(() => store.leave(accountId, processId)),
    shares: (accountId) => link.call(() => store.shares(accountId)),
    close: async () => {},
  };
}
