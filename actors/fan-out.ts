/** What a request actor hands to the dsp actors: the offer, the time, and where to answer. */

import type { DspReply } from '../engine/dsp/reply.ts';
import type { RequestShaping } from '../engine/dsp/shaping/request-shaping.ts';
import type { Solicitation } from '../engine/dsp/solicitation.ts';
import type { PendingCall } from '../engine/exchange/progressive-closing.ts';
import type { RequestMessage } from '../engine/exchange/request-stages.ts';
import type { Mailbox } from './mailbox.ts';

export interface FanOut {
  readonly solicitation: Solicitation;
  /** Null: the request is not shaped, every DSP is called. */
  readonly shaping: RequestShaping | null;
  /** Monotonic ms by which every reply must have come. */
  readonly deadlineAtMs: number;
  readonly replyTo: Mailbox<RequestMessage>;
  /** Calls that the request waits for, filled by the dsp actors. */
  readonly awaited: PendingCall[];
  /** Replies that the request actor has taken or will yet find in its mailbox. */
  delivered: number;
  /** For a reply that the request actor did not take: it is counted, and may still teach. */
  readonly onLateReply: (reply: DspReply) => void;
  /** Filled by the dsp actors, called by the request actor when nobody waits any more. */
  readonly abandons: (() => void)[];
}
