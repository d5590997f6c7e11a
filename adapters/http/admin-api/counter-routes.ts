/** What is counted of events, by windows of 10 s: of one thing over time, and which have the most (docs/counters.md). */
import type { FastifyInstance } from 'fastify';
import { counterSeries, type Ranking, topCounters } from '../../../engine/counters/counter-report.ts';
import { type CounterPeriod, WINDOW_MS, windowOf } from '../../../engine/counters/counts.ts';
import {
  COUNTED_TYPES,
  type CountedType,
  DIMENSIONS,
  type Dimension,
  THING_ID_LENGTH_MAX,
} from '../../../engine/counters/dimensions.ts';
import { type CounterReader, CounterStoreError } from '../../../engine/ports/counter-store.ts';
import { needs } from './access.ts';
import type { Query } from './booking-routes.ts';
import { moment } from './moment.ts';
import { Refusal } from './refusal.ts';

export interface CounterApiOptions {
  readonly reader: CounterReader;
  /** How long windows are kept, ms. */
  readonly keptMs: number;
  /** Epoch ms. */
  readonly nowMs: () => number;
}

export const PERIOD_MS_DEFAULT = 300_000;
/** All things of so many windows are put together in this process. */
export const TOP_PERIOD_MS_MAX = 600_000;
export const STEPS_MAX = 1000;
export const TOP_DEFAULT = 10;
export const TOP_MAX = 100;
const CURRENCY = /^[A-Z]{3}$/;

/** Null: nothing is counted that could be read here. */
export function counterApi(app: FastifyInstance, options: CounterApiOptions | null): void {
  app.get<{ Querystring: Query }>('/admin/counters', { onRequest: needs('read') }, ({ query }) =>
    series(opened(options), single(query)),
  );
  app.get<{ Querystring: Query }>('/admin/counters/top', { onRequest: needs('read') }, ({ query }) =>
    top(opened(options), single(query)),
  );
}

function opened(options: CounterApiOptions | null): CounterApiOptions {
  if (options !== null) return options;
  throw new Refusal(409, '', 'nothing is counted here: docs/counters.md says what it takes');
}

/** A parameter that is there twice comes as a list. */
function single(query: Query): Query {
  const twice = Object.entries(query).find(([, value]) => typeof value !== 'string');
  if (twice !== undefined) throw new Refusal(400, twice[0], 'must be there once');
  return query;
}

async function series({ reader, ...options }: CounterApiOptions, query: Query): Promise<object> {
  const dimension = dimensionOf(query.by);
  const { id } = query;
  if (id === undefined) throw new Refusal(400, 'id', 'is missing; GET /admin/counters/top says which there are');
  if (id.length > THING_ID_LENGTH_MAX) {
    throw new Refusal(400, 'id', `is longer than ${THING_ID_LENGTH_MAX}: such ones count as others, under an empty id`);
  }
  const period = periodOf(query, options);
  const stepMs = stepOf(query.step, period);
  const thing = { dimension, id };
  const read = Promise.all([reader.read(thing, period), reader.startedAtMs()]);
  const [windows, startedAtMs] = await read.catch(refuseUnread);
  return counterSeries(windows, { thing, period, stepMs }, startedAtMs);
}

async function top({ reader, ...options }: CounterApiOptions, query: Query): Promise<object> {
  const dimension = dimensionOf(query.by);
  const ranking = rankingOf(query);
  const limit = wholeNumber('limit', query.limit, TOP_DEFAULT, TOP_MAX);
  const period = periodOf(query, options);
  if (period.toMs - period.fromMs > TOP_PERIOD_MS_MAX) {
    throw new Refusal(400, 'to', `must be at most ${TOP_PERIOD_MS_MAX / 1000} s after from`);
  }
  const read = Promise.all([reader.readAll(dimension, period), reader.startedAtMs()]);
  const [all, startedAtMs] = await read.catch(refuseUnread);
  return topCounters(all, { dimension, ranking, period, limit }, startedAtMs);
}

function refuseUnread(error: unknown): never {
  if (error instanceof CounterStoreError) throw new Refusal(503, '', `the counters cannot be read: ${error.message}`);
  throw error;
}

function dimensionOf(by: string | undefined): Dimension {
  const dimension = DIMENSIONS.find((each) => each === by);
  if (dimension === undefined) throw new Refusal(400, 'by', `must be one of ${DIMENSIONS.join(', ')}`);
  return dimension;
}

function rankingOf({ of = 'impression', currency }: Query): Ranking {
  if (of !== 'spend') {
    const type: CountedType | undefined = COUNTED_TYPES.find((each) => each === of);
    if (type === undefined) throw new Refusal(400, 'of', `must be one of ${COUNTED_TYPES.join(', ')}, spend`);
    return { kind: 'counted', type };
  }
  if (currency !== undefined && CURRENCY.test(currency)) return { kind: 'spend', currency };
  throw new Refusal(400, 'currency', 'must be one such as USD: amounts of several are not compared');
}

/** Whole windows: `from` goes down to the beginning of its own, `to` up to the end. */
function periodOf({ from, to }: Query, { keptMs, nowMs }: Omit<CounterApiOptions, 'reader'>): CounterPeriod {
  const now = nowMs();
  const toMs = upToWindow(Math.min(moment('to', to) ?? now, now + PERIOD_MS_DEFAULT));
  const fromMs = windowOf(moment('from', from) ?? toMs - PERIOD_MS_DEFAULT);
  const oldestMs = windowOf(now - keptMs) - WINDOW_MS;
  if (fromMs < oldestMs) {
    throw new Refusal(400, 'from', `must not be before ${new Date(oldestMs).toISOString()}: older windows are gone`);
  }
  if (fromMs >= toMs) throw new Refusal(400, 'to', 'must be after from');
  return { fromMs, toMs };
}

function upToWindow(atMs: number): number {
  return windowOf(atMs + WINDOW_MS - 1);
}

function stepOf(text: string | undefined, { fromMs, toMs }: CounterPeriod): number {
  const windowSeconds = WINDOW_MS / 1000;
  const stepMs = wholeNumber('step', text, windowSeconds, 86_400) * 1000;
  if (stepMs % WINDOW_MS !== 0) throw new Refusal(400, 'step', `must be a multiple of ${windowSeconds} s`);
  if ((toMs - fromMs) / stepMs > STEPS_MAX) throw new Refusal(400, 'step', `must give at most ${STEPS_MAX} steps`);
  return stepMs;
}

function wholeNumber(path: string, text: string | undefined, standard: number, maximum: number): number {
  const value = Number(text ?? standard);
  if (Number.isInteger(value) && value >= 1 && value <= maximum) return value;
  throw new Refusal(400, path, `must be a whole number from 1 to ${maximum}`);
}
