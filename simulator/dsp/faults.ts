/** What a simulated DSP can do wrong, at most one fault per request; docs/simulator.md says how each looks on the wire. */

/** These take the place of the answer. */
export const ANSWER_FAULTS = [
  'no-answer',
  'reset',
  'http-500',
  'html-200',
  'hang-after-headers',
  'redirect',
  'huge-body',
  'huge-chunked',
  'endless-chunked',
  'gzip-bomb',
  'deep-json',
] as const;

/** These spoil a bid. A DSP that draws one bids if it can at all, so that the fault is as frequent as the scenario says. */
export const BID_FAULTS = [
  'truncated-json',
  'wrong-id',
  'wrong-currency',
  'negative-price',
  'string-price',
  'unknown-imp',
  'infinite-price',
  'duplicate-bids',
  'byte-order-mark',
  'lone-surrogates',
] as const;

/** These send a right answer wrongly. They need a bid too: without one there is next to nothing to send. */
export const DELIVERY_FAULTS = [
  'trickle',
  'reset-mid-body',
  'short-length',
  'long-length',
  'bad-chunking',
  'double-gzip',
  'unknown-encoding',
] as const;

export type AnswerFault = (typeof ANSWER_FAULTS)[number];
export type BidFault = (typeof BID_FAULTS)[number];
export type DeliveryFault = (typeof DELIVERY_FAULTS)[number];
/** `late` leaves the answer whole and only delays it. */
export type Fault = AnswerFault | BidFault | DeliveryFault | 'late';

/** Probability of each fault, 0..1; at most 1 in sum. */
export type FaultShares = Readonly<Partial<Record<Fault, number>>>;

/** In the order in which they are drawn. */
export const FAULTS: readonly Fault[] = [...ANSWER_FAULTS, 'late', ...BID_FAULTS, ...DELIVERY_FAULTS];

export function isAnswerFault(fault: Fault | null): fault is AnswerFault {
  return (ANSWER_FAULTS as readonly (Fault | null)[]).includes(fault);
}

export function isDeliveryFault(fault: Fault | null): fault is DeliveryFault {
  return (DELIVERY_FAULTS as readonly (Fault | null)[]).includes(fault);
}

/** The fault needs a bid to strike. */
export function needsBid(fault: Fault | null): fault is BidFault | DeliveryFault {
  return isDeliveryFault(fault) || (BID_FAULTS as readonly (Fault | null)[]).includes(fault);
}
