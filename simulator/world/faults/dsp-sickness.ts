/** What is wrong with a DSP for a while, on top of how it is by nature. */
import type { Decision } from '../../dsp/behaviour.ts';
import { type AnswerFault, type BidFault, needsBid } from '../../dsp/faults.ts';
import type { SeededRandom } from '../../random.ts';

export type DspSickness =
  /** Each answer takes so many times as long. */
  | { readonly kind: 'slow'; readonly times: number }
  | { readonly kind: 'silent' }
  /** This share of its answers cannot be used, 0..1. */
  | { readonly kind: 'malformed'; readonly share: number }
  /** All that comes within so long is answered at the end of it, at once. */
  | { readonly kind: 'bursty'; readonly periodMs: number };

/** Without those that only a real socket can have. */
const MALFORMED: readonly (AnswerFault | BidFault)[] = [
  'http-500',
  'html-200',
  'reset',
  'redirect',
  'deep-json',
  'huge-body',
  'truncated-json',
  'wrong-id',
  'wrong-currency',
  'negative-price',
  'string-price',
  'unknown-imp',
  'infinite-price',
  'duplicate-bids',
];

/** Of a request that came at `atMs` of the world. A DSP that had no bid has none to spoil. */
export function sicken(decision: Decision, sickness: DspSickness, atMs: number, random: SeededRandom): Decision {
  switch (sickness.kind) {
    case 'slow':
      return { ...decision, delayMs: decision.delayMs * sickness.times };
    case 'silent':
      return { ...decision, fault: 'no-answer', reply: null };
    case 'malformed': {
      const fault = random.pick(MALFORMED);
      const isSpoiled = random.chance(sickness.share) && (decision.reply !== null || !needsBid(fault));
      return isSpoiled ? { ...decision, fault, reply: needsBid(fault) ? decision.reply : null } : decision;
    }
    case 'bursty':
      return { ...decision, delayMs: decision.delayMs + sickness.periodMs - (atMs % sickness.periodMs) };
  }
}
