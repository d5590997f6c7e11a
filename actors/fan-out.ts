/** What a request actor hands to the dsp actors: the offer, the time, and where to answer. */
import type { Solicitation } from '../engine/dsp/solicitation.ts';
import type { RequestMessage } from '../engine/exchange/request-stages.ts';
import type { Mailbox } from './mailbox.ts';

export interface FanOut {
  readonly solicitation: Solicitation;
  /** Monotonic ms by which every reply must have come. */
  readonly deadlineAtMs: number;
  readonly replyTo: Mailbox<RequestMessage>;
  /** Filled by the dsp actors, called by the request actor when nobody waits any more. */
  readonly abandons: (() => void)[];
}
