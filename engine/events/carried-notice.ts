/** A `burl` travels in the tracking URL of the event that pays for its ad, as far as it fits; a longer one is in the `win` event alone. */

/** As JSON, UTF-8: with the ids of an ad it makes a URL that browsers, players and our own listener take. */
const CARRIED_BYTES_MAX = 1500;

const encoder = new TextEncoder();

export function isCarried(billingNotice: string | null): boolean {
  return encoder.encode(JSON.stringify(billingNotice)).length <= CARRIED_BYTES_MAX;
}
