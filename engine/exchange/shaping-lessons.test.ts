import { expect, test } from 'vitest';
import { shapeRequest } from '../dsp/shaping/request-shaping.ts';
import { rankingOf } from '../dsp/waiting/auction-ranking.ts';
import { requestFeatures } from '../traffic/request-features.ts';
import { lateLesson, shapingLessons } from './shaping-lessons.ts';
import { bidReply, buildDecision, buildRequest, noBidReply } from './testing/build-exchange.ts';

const REQUEST = buildRequest();
const SHAPING = shapeRequest(0, 1, requestFeatures(REQUEST), 0, 0);

function rankingFor(replies: Parameters<typeof buildDecision>[1]) {
  const { input, outcome } = buildDecision(REQUEST, replies);
  return rankingOf(input, outcome);
}

test('answers teach whether the DSP bids and what its bids did for the revenue; failures teach nothing', () => {
  const replies = [
    bidReply('winner', [{ price: 3 }]),
    bidReply('runner-up', [{ price: 2 }]),
    noBidReply('silent'),
    ...(['timeout', 'http-error', 'invalid', 'unreachable', 'unreadable', 'not-sent', 'skipped'] as const).map(
      (result) => noBidReply(result, { result }),
    ),
  ];
  const [winner, runnerUp, silent, ...failures] = shapingLessons(replies, rankingFor(replies), SHAPING);
  expect(winner).toMatchObject({ shaping: SHAPING, hasBid: true, revenueMicros: 2_000_000 });
  expect(winner!.contributionMicros).toBeGreaterThan(1_000_000);
  expect(runnerUp!.contributionMicros).toBeGreaterThan(1_000_000);
  expect(silent).toMatchObject({ hasBid: false, contributionMicros: 0 });
  expect(failures).toEqual(failures.map(() => null));
});

test('a bid that came too late teaches that the DSP bids, not what for', () => {
  const ranking = rankingFor([bidReply('a', [{ price: 3 }]), bidReply('b', [{ price: 2 }])]);
  expect(lateLesson(bidReply('c', [{ price: 9 }]), ranking, SHAPING)).toEqual({
    shaping: SHAPING,
    hasBid: true,
    contributionMicros: null,
    revenueMicros: 2_000_000,
  });
  expect(lateLesson(noBidReply('c'), ranking, SHAPING)).toMatchObject({ hasBid: false });
});
