import { expect, it } from 'vitest';
import { ManualTimers } from '../adapters/notices/testing/manual-timers.ts';
import { buildBid, buildInput } from '../engine/auction/testing/build-input.ts';
import { HORIZON_DEFAULTS } from '../engine/estimation/cache/horizons.ts';
import { CachedEstimates } from '../engine/estimation/cached-estimates.ts';
import { estimateContext } from '../engine/estimation/estimate-context.ts';
import type { EstimateQuestion } from '../engine/estimation/estimate-question.ts';
import { FallbackEstimator } from '../engine/estimation/fallback/fallback-estimator.ts';
import { KEY_COLUMNS } from '../engine/estimation/features/key-columns.ts';
import { emptyRateTables } from '../engine/estimation/features/rate-tables.ts';
import { encodeEvent } from '../engine/events/read-event.ts';
import { buildAuctionEvent } from '../engine/exchange/testing/build-auction-event.ts';
import { buildRequest, buildSubject } from '../engine/exchange/testing/build-exchange.ts';
import { type EstimateWarmUp, type EstimateWarmUpOptions, warmUpEstimates } from './estimate-warm-up.ts';

const RATE = { banner: 0.01, video: 0.01, audio: 0.01, native: 0.01 };

/** An auction in which an ad was shown that differs from the others. */
function payloadOf(creative: number): Uint8Array {
  const request = buildRequest();
  const bids = [buildBid({ pricing: 'cpc', ctrSource: 'model', advertiserDomains: [`ad-${creative}.example`] }, 0)];
  const event = buildAuctionEvent({
    features: buildSubject(request).features,
    input: { ...buildInput({}), bids },
    estimateContext: estimateContext(request, ['']),
  });
  return encodeEvent(event);
}

async function* eventsOf(payloads: readonly Uint8Array[], onEach = () => {}) {
  for (const payload of payloads) {
    onEach();
    yield { payload };
  }
}

const past = (count: number): Uint8Array[] => Array.from({ length: count }, (_, creative) => payloadOf(creative));

interface Run {
  readonly asked: number[];
  readonly errors: unknown[];
  readonly atATime: number;
  readonly warmUp: EstimateWarmUp | null;
}

/** `answers`: whether those of a call have one. */
async function run(
  options: Partial<EstimateWarmUpOptions>,
  answers: (questions: readonly EstimateQuestion[]) => boolean = () => true,
): Promise<Run> {
  const asked: number[] = [];
  const errors: unknown[] = [];
  let underWay = 0;
  let atATime = 0;
  const cached = new CachedEstimates(
    {
      columns: KEY_COLUMNS,
      schemaHash: '',
      horizons: HORIZON_DEFAULTS,
      entriesMax: 1000,
      hotPerSecondMin: 100,
      refreshesPerSecondMax: 0,
      random: () => 0,
    },
    new FallbackEstimator(),
    0,
  );
  const warmUp = await warmUpEstimates({
    cached,
    rates: emptyRateTables(),
    priors: { clicks: RATE, conversions: RATE },
    model: { version: () => '1' },
    isFound: Promise.resolve(true),
    estimator: {
      warmUp: (questions, _deadlineAtMs, onAnswers) => {
        asked.push(questions.length);
        underWay += 1;
        atATime = Math.max(atATime, underWay);
        const source = answers(questions) ? 'model' : 'fallback';
        queueMicrotask(() => {
          underWay -= 1;
          onAnswers(questions.map(({ index }) => ({ index, value: 0.1, source, model: '1' })));
        });
      },
    },
    events: eventsOf(past(20)),
    timeMs: 1000,
    rowsMax: 100,
    batchRowsMax: 3,
    callsMax: 2,
    clock: { wallMs: () => 0, monotonicMs: () => 0 },
    timers: new ManualTimers(),
    onUnreadable: (error) => errors.push(error),
    ...options,
  });
  return { asked, errors, atATime, warmUp };
}

it('asks for all, no more at a time than there may be calls', async () => {
  const { asked, atATime, warmUp } = await run({});
  expect(asked).toEqual([3, 3, 3, 3, 3, 3, 2]);
  expect(atATime).toBe(2);
  expect(warmUp).toEqual({ shapes: 20, answered: 20, tookMs: 0 });
});

it('asks for no more rows than it may', async () => {
  expect((await run({ rowsMax: 5 })).asked).toEqual([3, 2]);
});

it('stops asking a model that does not answer', async () => {
  const { asked, warmUp } = await run({}, () => false);
  expect(asked).toEqual([3, 3]);
  expect(warmUp).toMatchObject({ shapes: 20, answered: 0 });
});

it('reads for half of the time', async () => {
  let nowMs = 0;
  const events = eventsOf(past(20), () => {
    nowMs += 100;
  });
  const { warmUp } = await run({ events, clock: { wallMs: () => 0, monotonicMs: () => nowMs } });
  expect(warmUp).toEqual({ shapes: 4, answered: 4, tookMs: 500 });
});

it('does without what it cannot read', async () => {
  async function* failing() {
    yield* eventsOf([payloadOf(1), Buffer.from('{}'), Buffer.from('no JSON'), payloadOf(2)]);
    throw new Error('disk');
  }
  const { warmUp, errors } = await run({ events: failing() });
  expect(warmUp).toMatchObject({ shapes: 2, answered: 2 });
  expect(errors).toEqual([new Error('disk')]);
});

it('does not wait for a model that is not found, nor longer than its time to know', async () => {
  expect((await run({ isFound: Promise.resolve(false) })).warmUp).toBeNull();
  const timers = new ManualTimers();
  const ended = run({ isFound: new Promise(() => {}), timers });
  timers.advance(1000);
  expect((await ended).warmUp).toBeNull();
});
