/**
 * Fills the caches of a process that begins with what its past auctions asked for most, so that its first requests find
 * something there. Bounded in time and rows; whatever goes wrong, the process starts without.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EstimatorActor } from '../actors/estimator-actor.ts';
import { readNewestEvents } from '../adapters/event-log/reader.ts';
import type { WarmUpFigures } from '../adapters/metrics/remote-model-metrics.ts';
import type { CachedEstimates } from '../engine/estimation/cached-estimates.ts';
import type { EstimateAnswer, EstimateQuestion } from '../engine/estimation/estimate-question.ts';
import type { RateTables } from '../engine/estimation/features/rate-tables.ts';
import { WarmUpSample } from '../engine/estimation/warm-up-sample.ts';
import { decodeEvent } from '../engine/exchange/auction-event.ts';
import type { Clock, Timers } from '../engine/ports/clock.ts';
import type { RemoteModel } from '../engine/ports/remote-model.ts';
import type { Parts } from './parts.ts';

export interface WarmUpOptions {
  readonly rates: RateTables;
  readonly model: RemoteModel;
  /** Whether the model can be asked. */
  readonly isFound: Promise<boolean>;
  readonly cached: CachedEstimates;
  readonly estimator: EstimatorActor;
  readonly onWarmedUp: (figures: WarmUpFigures) => void;
}

/** Of the time, for reading the log: the rest is the model's. */
const READING_SHARE = 0.5;
/** Shapes are counted for so many times the rows that are asked for: the most frequent are not always the latest. */
const SHAPES_PER_ROW = 4;
/** The loop is let go after so many events, at some 0.1 ms each. */
const EVENTS_PER_TURN = 50;

type WarmUpParts = Pick<Parts, 'config' | 'clock' | 'timers' | 'log'>;

/** Gives what warms up from the event log in a folder. It never rejects. */
export function openWarmUp(parts: WarmUpParts, options: WarmUpOptions): (eventFolder: string) => Promise<void> {
  const { config, clock, timers, log } = parts;
  const { warmUpMs } = config.estimation.model.cache;
  if (warmUpMs === 0) return async () => {};
  return async (eventFolder) => {
    const startedAtMs = clock.monotonicMs();
    const deadlineAtMs = startedAtMs + warmUpMs;
    if (!(await isWithin(options.isFound, warmUpMs, timers))) {
      log.warn('caches of predictions are not warmed up: no model server');
      return;
    }
    const questions = await readQuestions(parts, options, eventFolder);
    const answered = await askAll(parts, options.estimator, questions, deadlineAtMs);
    const figures = { shapes: questions.length, answered, tookMs: clock.monotonicMs() - startedAtMs };
    options.onWarmedUp(figures);
    log.info(figures, 'caches of predictions warmed up');
  };
}

/** False also when it is not known in time. */
async function isWithin(promise: Promise<boolean>, timeMs: number, timers: Timers): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = timers.schedule(timeMs, () => resolve(false));
    void promise.then((is) => {
      timers.cancel(timer);
      resolve(is);
    });
  });
}

/** A log that cannot be read, or not to its beginning in the time for it, gives what was read. */
async function readQuestions(
  { config, clock, log }: WarmUpParts,
  { rates, model, cached }: WarmUpOptions,
  eventFolder: string,
): Promise<EstimateQuestion[]> {
  const { clickPriors, conversionPriors, model: settings } = config.estimation;
  const { warmUpMs, warmUpRowsMax } = settings.cache;
  cached.useVersion(model.version());
  const priors = { clicks: clickPriors, conversions: conversionPriors };
  const sample = new WarmUpSample({ cached, rates, priors, shapesMax: warmUpRowsMax * SHAPES_PER_ROW });
  try {
    await readInto(sample, eventFolder, clock.monotonicMs() + warmUpMs * READING_SHARE, clock);
  } catch (err) {
    log.warn({ err }, 'event log could not be read to warm up caches of predictions');
  }
  return sample.questions(warmUpRowsMax);
}

async function readInto(sample: WarmUpSample, eventFolder: string, untilMs: number, clock: Clock): Promise<void> {
  let count = 0;
  for await (const { payload } of readNewestEvents(eventFolder)) {
    const nowMs = clock.monotonicMs();
    if (nowMs >= untilMs) return;
    try {
      sample.add(decodeEvent(payload), clock.wallMs(), nowMs);
    } catch {
      // Of another release, perhaps: no reason to do without the rest.
    }
    count += 1;
    if (count % EVENTS_PER_TURN === 0) await nextTurn();
  }
}

/**
 * Gives how many have a prediction now. At a time no more are asked than the model server is called for; a whole call
 * without an answer says that the rest would get none either.
 */
async function askAll(
  { config, clock }: WarmUpParts,
  estimator: EstimatorActor,
  questions: readonly EstimateQuestion[],
  deadlineAtMs: number,
): Promise<number> {
  const { batchRowsMax, callsMax } = config.estimation.model.remote;
  let next = 0;
  let answered = 0;
  const lane = async (): Promise<void> => {
    while (next < questions.length && clock.monotonicMs() < deadlineAtMs) {
      const asked = questions.slice(next, next + batchRowsMax);
      next += asked.length;
      const answers = await new Promise<readonly EstimateAnswer[]>((resolve) => {
        estimator.warmUp(asked, deadlineAtMs, resolve);
      });
      const count = answers.filter(({ source }) => source !== 'fallback').length;
      answered += count;
      if (count === 0) return;
    }
  };
  await Promise.all(Array.from({ length: callsMax }, lane));
  return answered;
}
