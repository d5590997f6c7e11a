import type { SeededRandom } from '../random.ts';
import type { Region } from './region.ts';

export interface NameServiceOptions {
  /** All of them; alive, as far as anybody knows. */
  readonly regions: readonly Region[];
  /** So long a client keeps an answer, ms. */
  readonly ttlMs: number;
  readonly random: SeededRandom;
}

/** What was answered from a moment on. */
interface Answer {
  readonly fromMs: number;
  readonly alive: readonly Region[];
}

/**
 * Names of regions, as clients see them who keep what they were answered: each of them asks once in the time that an answer may be
 * kept, at moments of its own.
 */
export class NameService {
  readonly #options: NameServiceOptions;
  /** In order; the last one is given now, those before to nobody any more but still in use. */
  readonly #answers: Answer[];

  constructor(options: NameServiceOptions) {
    this.#options = options;
    this.#answers = [{ fromMs: Number.NEGATIVE_INFINITY, alive: options.regions }];
  }

  /** From now on clients who ask are sent to these, in proportion to their shares; those whose own region is among them, there. */
  answer(alive: readonly Region[], nowMs: number): void {
    const answers = this.#answers;
    answers.push({ fromMs: nowMs, alive });
    while (answers[1]!.fromMs <= nowMs - this.#options.ttlMs) answers.shift();
  }

  /** Where a client goes whose own region is `home`. */
  regionFor(client: string, home: Region, nowMs: number): Region {
    const random = this.#options.random.fork(home.name).fork(client);
    const alive = this.#aliveAt(askedAt(nowMs, random.next() * this.#options.ttlMs, this.#options.ttlMs));
    if (alive.length === 0 || alive.includes(home)) return home;
    const isShared = alive.some(({ share }) => share > 0);
    return random.pickWeighted(alive.map((region) => ({ region, weight: isShared ? region.share : 1 }))).region;
  }

  #aliveAt(askedAtMs: number): readonly Region[] {
    return this.#answers.findLast(({ fromMs }) => fromMs <= askedAtMs)!.alive;
  }
}

/** The last of the moments `phaseMs` + n `ttlMs` that is not behind now. */
function askedAt(nowMs: number, phaseMs: number, ttlMs: number): number {
  return phaseMs + Math.floor((nowMs - phaseMs) / ttlMs) * ttlMs;
}
