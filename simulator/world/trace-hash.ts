import { createHash } from 'node:crypto';
import type { Observation } from './history.ts';

/** SHA-256 over all that was seen of a world, in order: two runs with the same hash have been the same. */
export class TraceHash {
  readonly #hash = createHash('sha256');
  #text = '';

  observe(observation: Observation): void {
    this.#text += JSON.stringify(observation);
    if (this.#text.length > BUFFERED) this.#flush();
  }

  records(process: string, records: readonly Uint8Array[]): void {
    this.#text += process;
    this.#flush();
    for (const record of records) this.#hash.update(record);
  }

  /** Nothing can be added any more. */
  digest(): string {
    this.#flush();
    return this.#hash.digest('hex');
  }

  #flush(): void {
    this.#hash.update(this.#text);
    this.#text = '';
  }
}

/** Hashing a lot at a time costs less. */
const BUFFERED = 16_384;
