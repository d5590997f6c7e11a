/**
 * Who of a group reads which partitions. Whoever comes or goes makes all others join again, each when it has done what it is at; then
 * partitions are dealt anew. A member that is not heard of is out after the session timeout, and does not know: what it stores is for its
 * consumer's books to fence.
 */

export interface Membership {
  /** Rises with each dealing. */
  readonly generation: number;
  readonly partitions: readonly number[];
}

interface Member {
  lastHeardMs: number;
  /** For the dealing that is to come. */
  hasJoined: boolean;
  partitions: readonly number[];
}

/** As the product asks of Kafka. */
export const SESSION_TIMEOUT_MS = 10_000;
/** Whoever has not joined again by then is out: the default of Kafka's clients. */
export const REBALANCE_TIMEOUT_MS = 60_000;

export class ConsumerGroup {
  readonly #partitions: number;
  /** In the order in which they came. */
  readonly #members = new Map<string, Member>();
  #generation = 0;
  /** Null: partitions are dealt. */
  #dealingUntilMs: number | null = null;

  constructor(partitions: number) {
    this.#partitions = partitions;
  }

  /** Null: others have not joined yet; ask again. */
  join(memberId: string, nowMs: number): Membership | null {
    this.#expire(nowMs);
    let member = this.#members.get(memberId);
    if (member === undefined) {
      member = { lastHeardMs: nowMs, hasJoined: true, partitions: [] };
      this.#members.set(memberId, member);
      this.#beginDealing(nowMs);
    }
    member.lastHeardMs = nowMs;
    member.hasJoined = true;
    this.#dealIfAllJoined(nowMs);
    return this.#dealingUntilMs === null ? { generation: this.#generation, partitions: member.partitions } : null;
  }

  /** False: it is to join, or to join again. */
  heartbeat(memberId: string, generation: number, nowMs: number): boolean {
    this.#expire(nowMs);
    const member = this.#members.get(memberId);
    if (member === undefined) return false;
    member.lastHeardMs = nowMs;
    return this.#dealingUntilMs === null && generation === this.#generation;
  }

  leave(memberId: string, nowMs: number): void {
    if (this.#members.delete(memberId)) this.#beginDealing(nowMs);
  }

  #expire(nowMs: number): void {
    for (const [memberId, { lastHeardMs }] of this.#members) {
      if (nowMs - lastHeardMs >= SESSION_TIMEOUT_MS) this.leave(memberId, nowMs);
    }
  }

  #beginDealing(nowMs: number): void {
    this.#dealingUntilMs = nowMs + REBALANCE_TIMEOUT_MS;
    for (const member of this.#members.values()) member.hasJoined = false;
  }

  #dealIfAllJoined(nowMs: number): void {
    if (this.#dealingUntilMs === null) return;
    if (nowMs >= this.#dealingUntilMs) {
      for (const [memberId, { hasJoined }] of this.#members) if (!hasJoined) this.#members.delete(memberId);
    }
    const members = [...this.#members.values()];
    if (!members.every(({ hasJoined }) => hasJoined)) return;
    const all = Array.from({ length: this.#partitions }, (_, partition) => partition);
    for (const [turn, member] of members.entries()) {
      member.partitions = all.filter((partition) => partition % members.length === turn);
    }
    this.#generation += 1;
    this.#dealingUntilMs = null;
  }
}
