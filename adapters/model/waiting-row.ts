/** A row that waits for its estimate, at most until its deadline. */
import type { Expectation, InferenceFailure, InferenceResult } from '../../engine/ports/remote-model.ts';
import type { Expiring } from '../dsp/deadline-queue.ts';

export class WaitingRow implements Expiring {
  readonly row: Float64Array;
  readonly expectation: Expectation | null;
  #onResult: ((result: InferenceResult) => void) | null;
  #onExpired: (() => void) | null = null;

  constructor(row: Float64Array, expectation: Expectation | null, onResult: (result: InferenceResult) => void) {
    this.row = row;
    this.expectation = expectation;
    this.#onResult = onResult;
  }

  get isOver(): boolean {
    return this.#onResult === null;
  }

  /** The call for it has been made; `onExpired` when it waits no longer. */
  sent(onExpired: () => void): void {
    this.#onExpired = onExpired;
  }

  settle(result: InferenceResult): void {
    const onResult = this.#onResult;
    this.#onResult = null;
    onResult?.(result);
  }

  fail(reason: InferenceFailure): void {
    this.settle({ kind: 'failed', reason });
  }

  expire(): void {
    if (this.isOver) return;
    this.fail('deadline');
    this.#onExpired?.();
  }
}
