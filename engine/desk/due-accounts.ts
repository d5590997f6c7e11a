/**
 * Which accounts are to be settled: those that something happened to, and those whose time has come. Ten thousand accounts
 * at rest cost nothing, however often it is asked.
 */
import type { SpendingAccount } from '../budget/spending-account.ts';

export class DueAccounts {
  readonly #awake = new Set<SpendingAccount>();
  /** Binary heap, the earliest first: two arrays side by side. */
  readonly #times: number[] = [];
  readonly #accounts: SpendingAccount[] = [];
  /** By slot of the pacing board: the earliest time that it stands in the heap for. Later ones need no entry of their own. */
  readonly #earliest: number[] = [];

  wake(account: SpendingAccount): void {
    this.#awake.add(account);
  }

  /** Those to look at now; each then rests or is woken. One may come before its time. */
  take(nowMs: number): readonly SpendingAccount[] {
    while (this.#times.length > 0 && this.#times[0]! <= nowMs) {
      const account = this.#pop();
      this.#earliest[account.slot] = Number.POSITIVE_INFINITY;
      this.#awake.add(account);
    }
    if (this.#awake.size === 0) return NONE;
    const taken = [...this.#awake];
    this.#awake.clear();
    return taken;
  }

  /** It is gone, and its slot another's. An entry of its own that is left in the heap wakes it once more, which does nothing. */
  forget(account: SpendingAccount): void {
    this.#awake.delete(account);
    this.#earliest[account.slot] = Number.POSITIVE_INFINITY;
  }

  /** Infinity: until it is woken. */
  rest(account: SpendingAccount, untilMs: number): void {
    const { slot } = account;
    if (untilMs >= (this.#earliest[slot] ?? Number.POSITIVE_INFINITY)) return;
    this.#earliest[slot] = untilMs;
    this.#push(untilMs, account);
  }

  #push(atMs: number, account: SpendingAccount): void {
    let place = this.#times.length;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (this.#times[parent]! <= atMs) break;
      this.#put(place, this.#times[parent]!, this.#accounts[parent]!);
      place = parent;
    }
    this.#put(place, atMs, account);
  }

  #pop(): SpendingAccount {
    const first = this.#accounts[0]!;
    const atMs = this.#times.pop()!;
    const account = this.#accounts.pop()!;
    const { length } = this.#times;
    if (length === 0) return first;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= length) break;
      if (child + 1 < length && this.#times[child + 1]! < this.#times[child]!) child++;
      if (atMs <= this.#times[child]!) break;
      this.#put(place, this.#times[child]!, this.#accounts[child]!);
      place = child;
    }
    this.#put(place, atMs, account);
    return first;
  }

  #put(place: number, atMs: number, account: SpendingAccount): void {
    this.#times[place] = atMs;
    this.#accounts[place] = account;
  }
}

const NONE: readonly SpendingAccount[] = [];
