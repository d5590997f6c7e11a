/**
 * A bounded map that keeps what is used often: two lists by last use (Karedla et al. 1994), with TinyLFU at the door
 * (Einziger et al. 2017). A newcomer goes on probation, and is protected once it is used again; when there is no room, it
 * replaces the one on probation that was used longest ago only if it has been asked for more often, by a sketch that
 * forgets slowly. So keys that are seen once push nothing out.
 */
import { CountMinSketch, hashOfKey, powerOfTwoFrom } from './count-min-sketch.ts';

/** Of all entries. */
const PROTECTED_SHARE = 0.8;
/** The sketch is halved after so many additions an entry. */
const SAMPLES_PER_ENTRY = 10;
/** Fewer, and a newcomer borrows the count of those who share its counters. 8 bytes each. */
const COUNTERS_PER_ENTRY = 4;
/** Entries that are looked at for one that may go, before the newcomer is turned away. */
const VICTIMS_MAX = 8;

/** Of the entry that was used longest ago: dead, to be compared with the newcomer, or not to be pushed out. */
export type Verdict = 'goes' | 'competes' | 'stays';
export type Judge<V> = (key: number, value: V) => Verdict;

interface Node<V> {
  readonly key: number;
  value: V;
  list: List<V>;
  older: Node<V> | null;
  newer: Node<V> | null;
}

export class SegmentedLru<V> {
  readonly #entriesMax: number;
  readonly #protectedMax: number;
  readonly #nodes = new Map<number, Node<V>>();
  readonly #probation = new List<V>();
  readonly #protected = new List<V>();
  readonly #frequency: CountMinSketch;
  #samples = 0;

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
    this.#protectedMax = Math.floor(entriesMax * PROTECTED_SHARE);
    this.#frequency = new CountMinSketch(powerOfTwoFrom(entriesMax * COUNTERS_PER_ENTRY));
  }

  get size(): number {
    return this.#nodes.size;
  }

  /** Counts as a use, also of a key that is not there. */
  get(key: number): V | undefined {
    this.#count(key);
    const node = this.#nodes.get(key);
    if (node === undefined) return undefined;
    this.#promote(node);
    return node.value;
  }

  /** `judge` says what may be pushed out. False: turned away, since what is there is used more often. */
  set(key: number, value: V, judge: Judge<V>): boolean {
    const node = this.#nodes.get(key);
    if (node !== undefined) {
      node.value = value;
      return true;
    }
    if (this.#nodes.size >= this.#entriesMax && !this.#makeRoom(key, judge)) return false;
    const added: Node<V> = { key, value, list: this.#probation, older: null, newer: null };
    this.#probation.push(added);
    this.#nodes.set(key, added);
    return true;
  }

  delete(key: number): void {
    const node = this.#nodes.get(key);
    if (node !== undefined) this.#remove(node);
  }

  #count(key: number): void {
    this.#frequency.add(hashOfKey(key));
    this.#samples += 1;
    if (this.#samples < this.#entriesMax * SAMPLES_PER_ENTRY) return;
    this.#samples >>= 1;
    this.#frequency.halve();
  }

  #promote(node: Node<V>): void {
    node.list.remove(node);
    this.#protected.push(node);
    if (this.#protected.length > this.#protectedMax) this.#demoteOldest();
  }

  #demoteOldest(): void {
    const oldest = this.#protected.oldest!;
    this.#protected.remove(oldest);
    this.#probation.push(oldest);
  }

  #makeRoom(key: number, judge: Judge<V>): boolean {
    for (let tries = 0; tries < VICTIMS_MAX; tries++) {
      if (this.#probation.oldest === null) this.#demoteOldest();
      const victim = this.#probation.oldest!;
      const verdict = judge(victim.key, victim.value);
      if (verdict === 'stays') {
        this.#promote(victim);
        continue;
      }
      if (verdict === 'competes' && this.#frequencyOf(key) <= this.#frequencyOf(victim.key)) return false;
      this.#remove(victim);
      return true;
    }
    return false;
  }

  #frequencyOf(key: number): number {
    return this.#frequency.count(hashOfKey(key));
  }

  #remove(node: Node<V>): void {
    node.list.remove(node);
    this.#nodes.delete(node.key);
  }
}

/** By last use. */
class List<V> {
  oldest: Node<V> | null = null;
  #newest: Node<V> | null = null;
  length = 0;

  push(node: Node<V>): void {
    node.list = this;
    node.older = this.#newest;
    node.newer = null;
    if (this.#newest === null) this.oldest = node;
    else this.#newest.newer = node;
    this.#newest = node;
    this.length += 1;
  }

  remove(node: Node<V>): void {
    if (node.older === null) this.oldest = node.newer;
    else node.older.newer = node.newer;
    if (node.newer === null) this.#newest = node.older;
    else node.newer.older = node.older;
    node.older = null;
    node.newer = null;
    this.length -= 1;
  }
}
