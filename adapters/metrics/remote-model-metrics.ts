/** Metrics of a remote click model and of the caches in front of it (meaning: docs/metrics.md). */
import type { Registry } from 'prom-client';
import type { BreakerState } from '../../engine/dsp/breaker.ts';
import { LOOKUP_RESULTS, type LookupResult } from '../../engine/estimation/estimate-observer.ts';
import { INFERENCE_FAILURES, type InferenceFailure } from '../../engine/ports/remote-model.ts';
import { LATENCY_BOUNDS_SECONDS } from './bounds.ts';
import { Counter, type CounterCell, cellsBy } from './counter.ts';
import { register } from './exposition.ts';
import { Gauge } from './gauge.ts';
import { Histogram, type HistogramCell } from './histogram.ts';

/** What filling the caches before the first requests came to. */
export interface WarmUpFigures {
  readonly shapes: number;
  readonly answered: number;
  readonly tookMs: number;
}

/** What is read when metrics are. */
export interface RemoteModelReadings {
  readonly breakerState: () => BreakerState;
  /** Keys held in this process. */
  readonly entryCount: () => number;
  /** Questions under way. */
  readonly flightCount: () => number;
  /** The shared cache is not asked for now. */
  readonly isCacheBypassed: () => boolean;
}

const QUESTION_REASONS = ['miss', 'refresh', 'warm-up'] as const;
const BREAKER_STATES = { closed: 0, 'half-open': 1, open: 2 } as const satisfies Record<BreakerState, number>;

export class RemoteModelMetrics {
  readonly #registry: Registry;
  readonly #questions: Readonly<Record<(typeof QUESTION_REASONS)[number], CounterCell>>;
  readonly #failures: Readonly<Record<InferenceFailure, CounterCell>>;
  readonly #joined: CounterCell;
  readonly #lookups: Readonly<Record<'l1' | 'l2', Readonly<Record<LookupResult, CounterCell>>>>;
  readonly #sharedCacheFailures: CounterCell;
  readonly #refused: CounterCell;
  readonly #warmUpShapes: Readonly<Record<'answered' | 'unanswered', CounterCell>>;
  #warmUpMs = 0;
  readonly #calls: Readonly<Record<'answered' | InferenceFailure, CounterCell>>;
  readonly #rows: CounterCell;
  readonly #callSeconds: HistogramCell;

  constructor(registry: Registry) {
    this.#registry = registry;
    const counter = (name: string, help: string) => register(registry, new Counter(name, help));
    const questions = counter('rtb_ctr_questions_total', 'Predictions asked of the model server, by why.');
    this.#questions = cellsBy(questions, 'reason', QUESTION_REASONS);
    const failures = counter('rtb_ctr_question_failures_total', 'Questions that got no prediction, by why.');
    this.#failures = cellsBy(failures, 'reason', INFERENCE_FAILURES);
    this.#joined = counter('rtb_cache_stampede_joined_total', 'Questions that joined one under way.').cell();
    const lookups = counter('rtb_cache_lookups_total', 'Lookups of predictions, by cache and what was found.');
    this.#lookups = {
      l1: cellsBy(lookups, 'result', LOOKUP_RESULTS, { tier: 'l1' }),
      l2: cellsBy(lookups, 'result', LOOKUP_RESULTS, { tier: 'l2' }),
    };
    this.#sharedCacheFailures = counter('rtb_cache_failures_total', 'Commands that the shared cache failed.').cell();
    this.#refused = counter('rtb_ctr_questions_refused_total', 'Questions refused by a full table or mailbox.').cell();
    const warmUp = counter('rtb_cache_warm_up_shapes_total', 'Past shapes of requests asked for before the start.');
    this.#warmUpShapes = cellsBy(warmUp, 'result', ['answered', 'unanswered']);
    const calls = counter('rtb_ctr_model_calls_total', 'Calls of the model server by result.');
    this.#calls = cellsBy(calls, 'result', ['answered', ...INFERENCE_FAILURES]);
    this.#rows = counter('rtb_ctr_model_rows_total', 'Rows in calls of the model server.').cell();
    const help = 'How long calls of the model server took.';
    this.#callSeconds = register(
      registry,
      new Histogram('rtb_ctr_model_call_seconds', help, LATENCY_BOUNDS_SECONDS),
    ).cell();
  }

  /** What the estimator tells of its questions. */
  readonly questions = {
    onModelAsked: (reason: (typeof QUESTION_REASONS)[number]): void => this.#questions[reason].add(),
    onModelFailed: (reason: InferenceFailure): void => this.#failures[reason].add(),
    onJoined: (): void => this.#joined.add(),
    onLookup: (tier: 'l1' | 'l2', result: LookupResult): void => this.#lookups[tier][result].add(),
    onSharedCacheFailed: (): void => this.#sharedCacheFailures.add(),
    onRefused: (): void => this.#refused.add(),
  };

  readonly onWarmedUp = ({ shapes, answered, tookMs }: WarmUpFigures): void => {
    this.#warmUpShapes.answered.add(answered);
    this.#warmUpShapes.unanswered.add(shapes - answered);
    this.#warmUpMs = tookMs;
  };

  readonly onCall = (rowCount: number, latencyMs: number, failure: InferenceFailure | null): void => {
    this.#calls[failure ?? 'answered'].add();
    this.#rows.add(rowCount);
    this.#callSeconds.observe(latencyMs / 1000);
  };

  readFrom({ breakerState, entryCount, flightCount, isCacheBypassed }: RemoteModelReadings): void {
    const breaker = new Gauge('rtb_ctr_model_breaker_state', '0 closed, 1 half-open, 2 open.', 'max');
    register(this.#registry, breaker).readFrom(() => BREAKER_STATES[breakerState()]);
    const warmUp = new Gauge('rtb_cache_warm_up_seconds', 'How long warming the caches up took.', 'max');
    register(this.#registry, warmUp).readFrom(() => this.#warmUpMs / 1000);
    const entries = new Gauge('rtb_cache_entries', 'Keys of predictions held in the process.');
    register(this.#registry, entries).readFrom(entryCount, { tier: 'l1' });
    const flights = new Gauge('rtb_ctr_questions_under_way', 'Keys that the model server is being asked for.');
    register(this.#registry, flights).readFrom(flightCount);
    const bypass = new Gauge('rtb_cache_bypassed', '1 while the shared cache is not asked.', 'max');
    register(this.#registry, bypass).readFrom(() => Number(isCacheBypassed()));
  }
}
