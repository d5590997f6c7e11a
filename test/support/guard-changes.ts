/** How often the guards of a DSP change their mind: its breaker, and whether it is in rotation. */
import { expect } from 'vitest';
import type { DspHealthSnapshot } from '../../engine/dsp/dsp-health.ts';

/** A minute, by the pass line of a DSP that flaps. */
const CHANGES_PER_MINUTE_MAX = 10;
const MINUTE_MS = 60_000;

export class GuardChanges {
  readonly #atMs: number[] = [];
  #breaker: DspHealthSnapshot['breaker'] = 'closed';
  #rotation: DspHealthSnapshot['rotation'] = 'in';

  /** Each guard that is not as it was last time is a change. */
  see({ breaker, rotation }: Pick<DspHealthSnapshot, 'breaker' | 'rotation'>, nowMs: number): void {
    if (breaker !== this.#breaker) this.#atMs.push(nowMs);
    if (rotation !== this.#rotation) this.#atMs.push(nowMs);
    this.#breaker = breaker;
    this.#rotation = rotation;
  }

  /** The DSP was found out at all, and from then on the guards were calm: in any `windowMs`, as a minute's share of them. */
  expectCalm(windowMs = MINUTE_MS): void {
    expect(this.#atMs.length).toBeGreaterThan(0);
    for (const startMs of this.#atMs) {
      const inWindow = this.#atMs.filter((atMs) => atMs >= startMs && atMs < startMs + windowMs);
      expect(inWindow.length).toBeLessThanOrEqual((CHANGES_PER_MINUTE_MAX * windowMs) / MINUTE_MS);
    }
  }
}
