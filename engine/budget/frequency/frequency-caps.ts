/**
 * Frequency caps on the path of a request: `ask` asks the store what the user has seen while the DSPs are asked for bids,
 * `mayShow` reads what has come by the time that it is decided who enters the auction, and `take` settles it for the winner
 * alone, in one step of the store that concurrent auctions of the same user cannot pass together.
 */
import type { CapRule, CapScope, FrequencyStore, ScopeHistory, UserKey } from '../../ports/frequency-store.ts';
import type { CapPlans } from './cap-plans.ts';

export interface FrequencyPolicy {
  /** A user without an id, to whom campaigns with caps are shown or not. */
  readonly unknownUser: 'refuse' | 'allow';
  /** The store did not answer: it is away, late, or full. */
  readonly silentStore: 'refuse' | 'allow';
}

/** `capped`: the runner-up's turn. `silent`: the store did not answer; whether it is shown is up to the policy. */
export type CapVerdict = 'taken' | 'capped' | 'unknown-user' | 'silent';

export class FrequencyCaps {
  readonly #store: FrequencyStore;
  readonly #policy: FrequencyPolicy;
  #plans: CapPlans = new Map();

  constructor(store: FrequencyStore, policy: FrequencyPolicy) {
    this.#store = store;
    this.#policy = policy;
  }

  /** Of requests that open from now on. */
  replacePlans(plans: CapPlans): void {
    this.#plans = plans;
  }

  /** At the start of a request. `user` null: no id. */
  open(user: UserKey | null, monotonicMs: () => number): UserCaps {
    return new UserCaps(this.#store, this.#policy, this.#plans, user, monotonicMs);
  }
}

/** The caps of one user in one request. */
export class UserCaps {
  readonly #store: FrequencyStore;
  readonly #policy: FrequencyPolicy;
  readonly #plans: CapPlans;
  readonly #user: UserKey | null;
  readonly #monotonicMs: () => number;
  /** Null: not known (yet). */
  #histories: ReadonlyMap<CapScope, ScopeHistory> | null = null;
  #knownAtMs = 0;

  constructor(
    store: FrequencyStore,
    policy: FrequencyPolicy,
    plans: CapPlans,
    user: UserKey | null,
    monotonicMs: () => number,
  ) {
    this.#store = store;
    this.#policy = policy;
    this.#plans = plans;
    this.#user = user;
    this.#monotonicMs = monotonicMs;
  }

  /** Whether the store could say more of it than is known without it. */
  mustAsk(campaignId: string): boolean {
    return this.#user !== null && (this.#plans.get(campaignId)?.rules.length ?? 0) > 0;
  }

  /** Once. `onAnswered`: the history is known, or stays unknown; later than the call, as late as the store's bound allows. */
  ask(onAnswered: () => void): void {
    this.#store.fetch(this.#user!).then(
      (histories) => {
        this.#histories = histories;
        this.#knownAtMs = this.#monotonicMs();
        onAnswered();
      },
      // Stays unknown: the policy decides.
      onAnswered,
    );
  }

  /** As far as is known. A campaign that may be shown may still be refused by `take`. */
  mayShow(campaignId: string): boolean {
    const plan = this.#plans.get(campaignId);
    if (plan === undefined || plan.rules.length === 0) return true;
    if (this.#user === null) return this.#policy.unknownUser === 'allow';
    if (this.#histories === null) return this.#policy.silentStore === 'allow';
    const sinceMs = this.#monotonicMs() - this.#knownAtMs;
    for (const rule of plan.rules) if (isReached(rule, this.#histories.get(rule.scope), sinceMs)) return false;
    return true;
  }

  /** Whether a winner of the campaign has to be taken before it is shown. */
  needsTake(campaignId: string): boolean {
    return this.#user !== null && this.#plans.has(campaignId);
  }

  /**
   * For the winner, who is shown only if `isShown` of the verdict. `requestId`: unique to this impression. Never rejects;
   * waits as long as the store does, which bounds its answers.
   */
  async take(campaignId: string, requestId: string): Promise<CapVerdict> {
    const plan = this.#plans.get(campaignId);
    if (plan === undefined) return 'taken';
    if (this.#user === null) return plan.rules.length === 0 ? 'taken' : 'unknown-user';
    try {
      const result = await this.#store.take(this.#user, { requestId, counted: plan.counted, rules: plan.rules });
      if (result.kind === 'full') return plan.rules.length === 0 ? 'taken' : 'silent';
      return result.kind;
    } catch {
      return plan.rules.length === 0 ? 'taken' : 'silent';
    }
  }

  isShown(verdict: CapVerdict): boolean {
    switch (verdict) {
      case 'taken':
        return true;
      case 'capped':
        return false;
      case 'unknown-user':
        return this.#policy.unknownUser === 'allow';
      case 'silent':
        return this.#policy.silentStore === 'allow';
    }
  }

  /** It was taken, or may have been, and is not shown. Rejects as the store does: then it counts as shown. */
  async giveBack(campaignId: string, requestId: string): Promise<void> {
    const plan = this.#plans.get(campaignId);
    if (plan === undefined || this.#user === null) return;
    await this.#store.giveBack(
      this.#user,
      requestId,
      plan.counted.map(({ scope }) => scope),
    );
  }
}

/** `sinceMs`: how long ago the history was true. */
function isReached({ count, windowMs }: CapRule, history: ScopeHistory | undefined, sinceMs: number): boolean {
  if (history === undefined) return count <= 0;
  if (windowMs === null) return history.count >= count;
  let within = 0;
  for (const ageMs of history.agesMs) if (ageMs + sinceMs < windowMs) within++;
  return within >= count;
}
