import { createRequestReader } from '../../openrtb/read-request.ts';
import type { BidRequest } from '../../openrtb/types.ts';

/** Bodies remembered: the fan-outs that overlap on one core are few, and each has a few variants. */
const SLOTS = 16;

interface Slot {
  readonly body: Buffer;
  readonly request: BidRequest | null;
}

/**
 * Reads bid requests. An engine sends the same bytes to many DSPs that live in this process, so a body that was just read
 * is recognised and its request shared: comparing 2 KB costs a hundredth of reading it.
 */
export class RequestCache {
  readonly #read = createRequestReader();
  readonly #slots: (Slot | undefined)[] = new Array(SLOTS).fill(undefined);
  #next = 0;

  /** In 2.6 shape, whatever version was sent; null when the body is no valid bid request. */
  read(body: Buffer): BidRequest | null {
    for (const slot of this.#slots) {
      if (slot?.body.equals(body)) return slot.request;
    }
    const reading = this.#read(body);
    const request = reading.kind === 'ok' ? reading.request : null;
    // Copied: the body is a view of a socket's buffer, which a slot would keep alive.
    this.#slots[this.#next] = { body: Buffer.from(body), request };
    this.#next = (this.#next + 1) % SLOTS;
    return request;
  }
}
