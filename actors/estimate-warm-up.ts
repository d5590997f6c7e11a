/**
 * Fills the caches of a process that begins with what its past auctions asked for most, so that its first requests find
 * something there. Bounded in time and rows; whatever goes wrong, the process starts without.
 */

import type { EstimateAnswer, EstimateQuestion } from '../engine/estimation/estimate-question.ts';
import { WarmUpSample, type WarmUpSampleOptions } from '../engine/estimation/warm-up-sample.ts';
import { readEvent } from '../engine/events/read-event.ts';
import type { Clock, Timers } from '../engine/ports/clock.ts';
import type { RemoteModel } from '../engine/ports/remote-model.ts';
import type { EstimatorActor } from './estimator-actor.ts';
import { nextTurn } from './next-turn.ts';

export interface EstimateWarmUpOptions extends Omit<WarmUpSampleOptions, 'shapesMax'> {
  readonly model: Pick<RemoteModel, 'version'>;
  /** Whether the model can be asked; how long that takes is part of the time. */
  readonly isFound: Promise<boolean>;
  readonly estimator: Pick<EstimatorActor, 'warmUp'>;
  /** Encoded events, the newest first. */
  readonly events: AsyncIterable<{ readonly payload: Uint8Array }>;
  /** All of it takes no longer. */
  readonly timeMs: number;
  readonly rowsMax: number;
  /** Questions that are asked together, and how many such calls there are at a time. */
  readonly batchRowsMax: number;
  readonly callsMax: number;
  readonly clock: Clock;
  readonly timers: Timers;
  /** The events could not be read to their end; those that were are used. */
  readonly onUnreadable: (error: unknown) => void;
}

export interface EstimateWarmUp {
  /** Kinds of question that were worth asking. */
  readonly shapes: number;
  /** Of them, those that have a prediction now. */
  readonly answered: number;
  readonly tookMs: number;
}

/** Of the time, for reading events: the rest is the model's. */
const READING_SHARE = 0.5;
/** Shapes are counted for so many times the rows that are asked for: the most frequent are not always the latest. */
const SHAPES_PER_ROW = 4;
/** The loop is let go after so many events, at some 0.1 ms each. */
const EVENTS_PER_TURN = 50;

/** Null: there is no model to ask. Never rejects. */
export async function warmUpEstimates(options: EstimateWarmUpOptions): Promise<EstimateWarmUp | null> {
  const { isFound, timeMs, timers, clock } = options;
  const startedAtMs = clock.monotonicMs();
  if (!(await isWithin(isFound, timeMs, timers))) return null;
  const questions = await readQuestions(options);
  const answered = await askAll(options, questions, startedAtMs + timeMs);
  return { shapes: questions.length, answered, tookMs: clock.monotonicMs() - startedAtMs };
}

/** False also when it is not known in time. */
function isWithin(promise: Promise<boolean>, timeMs: number, timers: Timers): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = timers.schedule(timeMs, () => resolve(false));
    void promise.then((is) => {
      timers.cancel(timer);
      resolve(is);
    });
  });
}

async function readQuestions(options: EstimateWarmUpOptions): Promise<EstimateQuestion[]> {
  const { cached, model, rates, priors, rowsMax, onUnreadable } = options;
  cached.useVersion(model.version());
  const sample = new WarmUpSample({ cached, rates, priors, shapesMax: rowsMax * SHAPES_PER_ROW });
  await readInto(sample, options).catch(onUnreadable);
  return sample.questions(rowsMax);
}

async function readInto(sample: WarmUpSample, { events, timeMs, clock }: EstimateWarmUpOptions): Promise<void> {
  const untilMs = clock.monotonicMs() + timeMs * READING_SHARE;
  let count = 0;
  for await (const { payload } of events) {
    const nowMs = clock.monotonicMs();
    if (nowMs >= untilMs) return;
    try {
      const event = readEvent(payload);
      if (event.type === 'auction') sample.add(event, clock.wallMs(), nowMs);
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
  { estimator, batchRowsMax, callsMax, clock }: EstimateWarmUpOptions,
  questions: readonly EstimateQuestion[],
  deadlineAtMs: number,
): Promise<number> {
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
