/**
 * Which slots may serve at this hour of the week, each in its own time zone. The answer is the same for a quarter of an
 * hour, so it is kept as bits and worked out anew when a request of the next quarter comes.
 */
import type { Choice } from '../campaign.ts';
import { openHours } from '../open-hours.ts';
import { HOUR_SLOT_MS, hourOfWeek } from './zone-hours.ts';

interface SlotHours {
  /** Index in `#zones`. */
  readonly zone: number;
  /** By hour of the week. */
  readonly isOpen: Uint8Array;
}

export class OpeningHours {
  /** Of slots that choose hours. */
  readonly #hours = new Map<number, SlotHours>();
  readonly #zones: string[] = [];
  /** Hour of the week of each zone in the current quarter. */
  readonly #hourOfZone: number[] = [];
  /** Open now. A slot that is not in use is never open. */
  #open: Int32Array;
  #quarter = Number.NaN;

  constructor(wordCount: number) {
    this.#open = new Int32Array(wordCount);
  }

  /** Throws a `RangeError`, and changes nothing, for a time zone that is none. */
  add(slot: number, timeZone: string, choice: Choice<number>): void {
    if (choice.include.length > 0 || choice.exclude.length > 0) {
      const hours = { zone: this.#zoneIndex(timeZone), isOpen: openHours([choice]) };
      this.#hours.set(slot, hours);
      if (!this.#isOpenNow(hours)) return;
    }
    this.#open[slot >>> 5]! |= 1 << (slot & 31);
  }

  remove(slot: number): void {
    this.#hours.delete(slot);
    this.#open[slot >>> 5]! &= ~(1 << (slot & 31));
  }

  grow(wordCount: number): void {
    const open = new Int32Array(wordCount);
    open.set(this.#open);
    this.#open = open;
  }

  /** Bits of the slots that are open. Of the index: to be copied, not to be kept. */
  openAt(nowMs: number): Int32Array {
    const quarter = Math.floor(nowMs / HOUR_SLOT_MS);
    if (quarter !== this.#quarter) this.#turnTo(quarter);
    return this.#open;
  }

  /** Changes whenever the bits may have, other than by `add` and `remove`. */
  quarterOf(nowMs: number): number {
    return Math.floor(nowMs / HOUR_SLOT_MS);
  }

  #turnTo(quarter: number): void {
    this.#quarter = quarter;
    for (let zone = 0; zone < this.#zones.length; zone++) this.#hourOfZone[zone] = this.#hourNow(this.#zones[zone]!);
    for (const [slot, hours] of this.#hours) {
      if (this.#isOpenNow(hours)) this.#open[slot >>> 5]! |= 1 << (slot & 31);
      else this.#open[slot >>> 5]! &= ~(1 << (slot & 31));
    }
  }

  #isOpenNow({ zone, isOpen }: SlotHours): boolean {
    return isOpen[this.#hourOfZone[zone]!] === 1;
  }

  #zoneIndex(timeZone: string): number {
    const known = this.#zones.indexOf(timeZone);
    if (known >= 0) return known;
    this.#hourOfZone.push(this.#hourNow(timeZone));
    return this.#zones.push(timeZone) - 1;
  }

  /** Before the first request any hour will do: it turns to the right one. */
  #hourNow(timeZone: string): number {
    return hourOfWeek(timeZone, Number.isNaN(this.#quarter) ? 0 : this.#quarter * HOUR_SLOT_MS);
  }
}
