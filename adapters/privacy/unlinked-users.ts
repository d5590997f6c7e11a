/**
 * Users who are deleted, by hash: whatever still comes of them (tracking URLs out in the world, auctions and batches under way,
 * new requests) is taken as that of a user nobody knows, until no URL that was signed before is good any more.
 */
import type { UnlinkedUser } from '../../engine/ports/deletion-books.ts';
import { subjectHash } from './subject-hash.ts';

export class UnlinkedUsers {
  readonly #wallMs: () => number;
  /** Epoch ms by hash. */
  readonly #untilMs = new Map<string, number>();
  /** Of what the database has told. */
  #sequence = 0;

  constructor(wallMs: () => number) {
    this.#wallMs = wallMs;
  }

  get sequence(): number {
    return this.#sequence;
  }

  get size(): number {
    return this.#untilMs.size;
  }

  /** `userKey`: of events or of caps. Costs a hash where anybody is deleted, else nothing. */
  has(userKey: string | null): boolean {
    if (this.#untilMs.size === 0 || userKey === null) return false;
    const untilMs = this.#untilMs.get(subjectHash(userKey));
    return untilMs !== undefined && this.#wallMs() < untilMs;
  }

  /** In the order of their sequences. */
  learn(users: readonly UnlinkedUser[]): void {
    for (const { subjects, untilMs, sequence } of users) {
      for (const subject of subjects) this.#untilMs.set(subject, untilMs ?? Number.POSITIVE_INFINITY);
      this.#sequence = sequence;
    }
  }

  /** A key that only this process knows the user by, for so long. */
  learnKey(userKey: string, forMs: number): void {
    this.#untilMs.set(subjectHash(userKey), this.#wallMs() + forMs);
  }

  /** Lets go of those whose time is over. */
  forget(): void {
    const nowMs = this.#wallMs();
    for (const [subject, untilMs] of this.#untilMs) if (untilMs <= nowMs) this.#untilMs.delete(subject);
  }
}
