/** What one user has been shown, and whether one more impression may be taken. Changes in place; time is an argument. */
import {
  type CapRule,
  type CapScope,
  type CountedScope,
  type ImpressionToTake,
  MOMENTS_MAX,
  SCOPES_MAX,
  type ScopeHistory,
  type TakeResult,
} from '../../ports/frequency-store.ts';

interface ScopeRecord {
  count: number;
  /** When, oldest first, and for which request. */
  readonly moments: { readonly atMs: number; readonly requestId: string }[];
  lastAtMs: number;
  momentsKeptMs: number;
  countKeptMs: number;
}

export class UserHistory {
  readonly #scopes = new Map<CapScope, ScopeRecord>();

  /** Nothing is remembered any more from then on. */
  expiresAtMs(): number {
    let atMs = Number.NEGATIVE_INFINITY;
    for (const { lastAtMs, countKeptMs } of this.#scopes.values()) atMs = Math.max(atMs, lastAtMs + countKeptMs);
    return atMs;
  }

  get isEmpty(): boolean {
    return this.#scopes.size === 0;
  }

  take({ requestId, counted, rules }: ImpressionToTake, nowMs: number): TakeResult {
    for (const { scope } of counted) {
      if (this.#fresh(scope, nowMs)?.moments.some((moment) => moment.requestId === requestId)) return { kind: 'taken' };
    }
    for (const rule of rules) {
      const record = this.#fresh(rule.scope, nowMs);
      if ((record === null ? 0 : countOf(record, rule, nowMs)) >= rule.count)
        return { kind: 'capped', scope: rule.scope };
    }
    if (!this.#hasRoomFor(counted, nowMs)) return { kind: 'full' };
    for (const scope of counted) this.#add(scope, requestId, nowMs);
    return { kind: 'taken' };
  }

  giveBack(requestId: string, scopes: readonly CapScope[]): void {
    for (const scope of scopes) {
      const record = this.#scopes.get(scope);
      const index = record?.moments.findIndex((moment) => moment.requestId === requestId) ?? -1;
      if (record === undefined || index < 0) continue;
      record.moments.splice(index, 1);
      record.count--;
      if (record.count === 0) this.#scopes.delete(scope);
    }
  }

  read(nowMs: number): ReadonlyMap<CapScope, ScopeHistory> {
    const histories = new Map<CapScope, ScopeHistory>();
    for (const scope of this.#scopes.keys()) {
      const record = this.#fresh(scope, nowMs);
      if (record !== null) {
        histories.set(scope, { count: record.count, agesMs: record.moments.map(({ atMs }) => nowMs - atMs) });
      }
    }
    return histories;
  }

  copy(): UserHistory {
    const copy = new UserHistory();
    for (const [scope, record] of this.#scopes) copy.#scopes.set(scope, { ...record, moments: [...record.moments] });
    return copy;
  }

  /** Without what is too old. */
  #fresh(scope: CapScope, nowMs: number): ScopeRecord | null {
    const record = this.#scopes.get(scope);
    if (record === undefined) return null;
    if (nowMs - record.lastAtMs >= record.countKeptMs) {
      this.#scopes.delete(scope);
      return null;
    }
    let old = 0;
    while (old < record.moments.length && nowMs - record.moments[old]!.atMs >= record.momentsKeptMs) old++;
    if (old > 0) record.moments.splice(0, old);
    return record;
  }

  #hasRoomFor(counted: readonly CountedScope[], nowMs: number): boolean {
    const added = counted.filter(({ scope }) => !this.#scopes.has(scope)).length;
    if (this.#scopes.size + added <= SCOPES_MAX) return true;
    for (const scope of [...this.#scopes.keys()]) this.#fresh(scope, nowMs);
    return this.#scopes.size + added <= SCOPES_MAX;
  }

  #add({ scope, momentsKeptMs, countKeptMs }: CountedScope, requestId: string, nowMs: number): void {
    let record = this.#scopes.get(scope);
    if (record === undefined) {
      record = { count: 0, moments: [], lastAtMs: nowMs, momentsKeptMs, countKeptMs };
      this.#scopes.set(scope, record);
    }
    record.count++;
    record.moments.push({ atMs: nowMs, requestId });
    if (record.moments.length > MOMENTS_MAX) record.moments.shift();
    record.lastAtMs = nowMs;
    record.momentsKeptMs = momentsKeptMs;
    record.countKeptMs = countKeptMs;
  }
}

function countOf({ count, moments }: ScopeRecord, { windowMs }: CapRule, nowMs: number): number {
  if (windowMs === null) return count;
  let within = 0;
  for (const { atMs } of moments) if (nowMs - atMs < windowMs) within++;
  return within;
}
