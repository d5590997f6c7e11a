/** What a simulated DSP can do wrong, at most one fault per request. */

/** These take the place of the answer. */
export const ANSWER_FAULTS = ['no-answer', 'reset', 'http-500', 'html-200'] as const;

/** These spoil a bid. A DSP that draws one bids if it can at all, so that the fault is as frequent as the scenario says. */
export const BID_FAULTS = [
  'truncated-json',
  'wrong-id',
  'wrong-currency',
  'negative-price',
  'string-price',
  'unknown-imp',
] as const;

export type AnswerFault = (typeof ANSWER_FAULTS)[number];
export type BidFault = (typeof BID_FAULTS)[number];
/** `late` leaves the answer whole and only delays it. */
export type Fault = AnswerFault | BidFault | 'late';

export const FAULTS: readonly Fault[] = [...ANSWER_FAULTS, 'late', ...BID_FAULTS];

export function isAnswerFault(fault: Fault | null): fault is AnswerFault {
  return (ANSWER_FAULTS as readonly (Fault | null)[]).includes(fault);
}

export function isBidFault(fault: Fault | null): fault is BidFault {
  return (BID_FAULTS as readonly (Fault | null)[]).includes(fault);
}
