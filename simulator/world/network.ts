/**
 * The network between the processes of a world: a message is a task of whoever gets it, later. Connections are as TCP's, seen
 * from above: a message comes whole or not at all, and who calls a process that is down learns that.
 */
import type { SeededRandom } from '../random.ts';
import type { VirtualLoop } from './virtual-loop.ts';
import type { VirtualProcess } from './virtual-process.ts';

/** One way, of messages between two processes. */
export interface LinkTraits {
  /** Of a log-normal distribution, ms. */
  readonly medianMs: number;
  readonly sigma: number;
  /** Chance that a message never arrives, 0..1. */
  readonly loss: number;
}

export interface Message {
  readonly from: VirtualProcess;
  readonly to: VirtualProcess;
  /** A task of `to`, when it gets round to it. */
  readonly onArrival: () => void;
  /** When it has reached the machine of `to`, however busy that is: for those who watch the network. */
  readonly onDelivered?: () => void;
  /** A task of `from`: `to` was down, or has died since the message was sent. */
  readonly onRefused?: () => void;
}

/** Two sides that do not reach each other. */
export interface Cut {
  readonly isBetween: (one: VirtualProcess, other: VirtualProcess) => boolean;
}

/** Messages come slowly, or do not. */
export interface Trouble {
  readonly isOn: (from: VirtualProcess, to: VirtualProcess) => boolean;
  /** Factor on the time that a message takes. */
  readonly slower: number;
  /** Chance that one from there never arrives, 0..1. */
  readonly loss: (from: VirtualProcess) => number;
}

export interface NetworkOptions {
  readonly loop: VirtualLoop;
  /** Never busy and never down: it carries the messages. */
  readonly wire: VirtualProcess;
  readonly traitsOf: (from: VirtualProcess, to: VirtualProcess) => LinkTraits;
  readonly random: SeededRandom;
}

export class Network {
  readonly #options: NetworkOptions;
  readonly #cuts = new Set<Cut>();
  readonly #troubles = new Set<Trouble>();

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  /** A message that is lost, or is sent across a cut, is never heard of again. */
  send(message: Message): void {
    const { loop, wire, random } = this.#options;
    const { from, to } = message;
    const { medianMs, sigma, loss } = this.#options.traitsOf(from, to);
    const trouble = this.#troubleOn(from, to);
    const delayMs = random.logNormal(medianMs, sigma) * trouble.slower;
    const isLost = random.chance(1 - (1 - loss) * (1 - trouble.loss));
    if (isLost || this.#isCut(from, to)) return;
    const { life } = to;
    const senderLife = from.life;
    loop.schedule(wire, from.nowMs + delayMs, () => {
      if (this.#isCut(from, to)) return;
      if (to.isUp && to.life === life) {
        message.onDelivered?.();
        loop.schedule(to, loop.nowMs, message.onArrival);
      } else if (message.onRefused !== undefined && from.life === senderLife) {
        loop.schedule(from, loop.nowMs + delayMs, message.onRefused);
      }
    });
  }

  /** Nothing gets across until it is mended, also what is under way. */
  cut(cut: Cut): void {
    this.#cuts.add(cut);
  }

  mend(cut: Cut): void {
    this.#cuts.delete(cut);
  }

  /** Until it is settled. */
  disturb(trouble: Trouble): void {
    this.#troubles.add(trouble);
  }

  settle(trouble: Trouble): void {
    this.#troubles.delete(trouble);
  }

  #troubleOn(from: VirtualProcess, to: VirtualProcess): { readonly slower: number; readonly loss: number } {
    let slower = 1;
    let arrives = 1;
    for (const trouble of this.#troubles) {
      if (!trouble.isOn(from, to)) continue;
      slower *= trouble.slower;
      arrives *= 1 - trouble.loss(from);
    }
    return { slower, loss: 1 - arrives };
  }

  #isCut(one: VirtualProcess, other: VirtualProcess): boolean {
    for (const { isBetween } of this.#cuts) if (isBetween(one, other)) return true;
    return false;
  }
}
