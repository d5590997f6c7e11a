/** What the end of an auction teaches about the value of the calls that were made for it (docs/shaping.md). */
import type { DspReply } from '../dsp/reply.ts';
import { contributions, revenueOf } from '../dsp/shaping/contribution.ts';
import type { ShapingLesson } from '../dsp/shaping/dsp-shaping.ts';
import type { RequestShaping } from '../dsp/shaping/request-shaping.ts';
import type { AuctionRanking } from '../dsp/waiting/auction-ranking.ts';
import { isAnswer } from './progressive-closing.ts';

/** Of every answer that took part in the decision, by its place in `replies`; null for what is no answer. */
export function shapingLessons(
  replies: readonly DspReply[],
  ranking: AuctionRanking,
  shaping: RequestShaping,
): readonly (ShapingLesson | null)[] {
  const contributionMicros = contributions(ranking);
  const revenueMicros = revenueOf(ranking);
  return replies.map((reply) => {
    if (!isAnswer(reply)) return null;
    return {
      shaping,
      hasBid: reply.response !== null,
      contributionMicros: contributionMicros.get(reply.dspId) ?? 0,
      revenueMicros,
    };
  });
}

/** Of an answer that came when the auction was decided: what its bid would have been worth, nobody knows. */
export function lateLesson(reply: DspReply, ranking: AuctionRanking, shaping: RequestShaping): ShapingLesson {
  const revenueMicros = revenueOf(ranking);
  return { shaping, hasBid: reply.response !== null, contributionMicros: null, revenueMicros };
}
