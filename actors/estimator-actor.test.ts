import nact from 'nact';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEmbeddedPredictionCache } from '../adapters/cache/prediction-cache.embedded.ts';
import { ManualTimers } from '../adapters/notices/testing/manual-timers.ts';
import type { EstimateSource } from '../engine/auction/types.ts';
import { HORIZON_DEFAULTS } from '../engine/estimation/cache/horizons.ts';
import { tagOfId } from '../engine/estimation/cache/invalidations.ts';
import type { KeyColumn } from '../engine/estimation/cache/prediction-key.ts';
import { CachedEstimates } from '../engine/estimation/cached-estimates.ts';
import { EstimateBatch } from '../engine/estimation/estimate-batch.ts';
import type { EstimateAnswer } from '../engine/estimation/estimate-question.ts';
import { FallbackEstimator } from '../engine/estimation/fallback/fallback-estimator.ts';
import type { PredictionCache } from '../engine/ports/prediction-cache.ts';
import type { Expectation, InferenceResult } from '../engine/ports/remote-model.ts';
import type { DegradeLevel } from '../engine/traffic/admission/zones.ts';
import { type EstimatorActor, spawnEstimatorActor } from './estimator-actor.ts';
import { spawnParent } from './mailbox.ts';
import { restartWithin } from './supervision.ts';

/** Feature 0 is stable, feature 1 volatile. */
const COLUMNS: readonly KeyColumn[] = [
  { bucket: { kind: 'exact' }, coarse: { kind: 'exact' } },
  { bucket: { kind: 'exact' }, coarse: { kind: 'left-out' } },
];
const PRIOR = 0.01;
const INFERENCE_MS = 500;

interface Call {
  readonly row: number[];
  readonly answer: (result: InferenceResult) => void;
  readonly expectation: Expectation | null | undefined;
}

let system: nact.ActorSystemRef;
let timers: ManualTimers;
let nowMs: number;
let calls: Call[];
let log: string[];
let isFailing: boolean;
let version: string;
let degradeLevel: DegradeLevel;
let estimator: EstimatorActor;
let processes = 0;

function start(shared: PredictionCache | null = null): EstimatorActor {
  const clock = { wallMs: () => nowMs, monotonicMs: () => nowMs };
  const fallback = new FallbackEstimator();
  const cached = new CachedEstimates(
    {
      columns: COLUMNS,
      schemaHash: 'schema',
      horizons: { ...HORIZON_DEFAULTS, jitterShare: 0 },
      entriesMax: 1000,
      hotPerSecondMin: 100,
      refreshesPerSecondMax: 1000,
      random: () => 0,
    },
    fallback,
    clock.monotonicMs(),
  );
  processes += 1;
  return spawnEstimatorActor(spawnParent(system, `process-${processes}`), {
    cached,
    model: {
      version: () => version,
      isFailing: () => isFailing,
      breakerState: () => 'closed',
      infer: (row, _deadlineAtMs, answer, expectation) => calls.push({ row: [...row], answer, expectation }),
      close: async () => {},
    },
    shared,
    horizons: HORIZON_DEFAULTS,
    flights: { windowMs: INFERENCE_MS, flightsMax: 1000, waitersMax: 20_000 },
    inferenceMsMax: INFERENCE_MS,
    lockPollMs: 5,
    degradeLevel: () => degradeLevel,
    clock,
    timers,
    supervisor: restartWithin({ restartsMax: 3, windowMs: 1000 }, () => {}),
    observer: {
      onEstimate: (source) => log.push(`estimate ${source}`),
      onFallback: (cause) => log.push(`fallback ${cause}`),
      onLookup: (tier, result) => log.push(`${tier} ${result}`),
      onModelAsked: (reason) => log.push(`asked ${reason}`),
      onModelFailed: (reason) => log.push(`failed ${reason}`),
      onJoined: () => log.push('joined'),
      onSharedCacheFailed: () => log.push('shared cache failed'),
      onRefused: () => log.push('refused'),
    },
  });
}

beforeEach(() => {
  nowMs = 1000;
  timers = new ManualTimers();
  system = nact.start();
  calls = [];
  log = [];
  isFailing = false;
  version = 'v1';
  degradeLevel = 0;
  estimator = start();
});
afterEach(() => {
  estimator.stop();
  nact.stop(system as never);
});

function batchOf(...rows: readonly (readonly [number, number])[]): EstimateBatch {
  const batch = new EstimateBatch(2);
  batch.begin(rows.length, tagOfId('user', 'u'));
  for (const [index, row] of rows.entries()) {
    batch.indexes[index] = index;
    batch.rows.set(row, index * 2);
    batch.priors[index] = PRIOR;
    batch.campaignTags[index] = tagOfId('campaign', 'c');
    batch.facts[index]![0] = row[0];
  }
  return batch;
}

function lookUp(batch: EstimateBatch): { value: number; source: EstimateSource }[] {
  estimator.estimateNow(batch);
  return Array.from({ length: batch.count }, (_, index) => ({
    value: batch.values[index]!,
    source: batch.sources[index]!,
  }));
}

function ask(batch: EstimateBatch, budgetMs = 20): EstimateAnswer[][] {
  const replies: EstimateAnswer[][] = [];
  estimator.ask(estimator.estimateNow(batch), nowMs + budgetMs, (answers) => replies.push([...answers]));
  return replies;
}

/** Time passes, and all mail is read. */
async function settle(ms = 1): Promise<void> {
  nowMs += ms;
  timers.advance(ms);
  for (let turn = 0; turn < 6; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Makes one prediction known. */
async function predict(row: readonly [number, number], value: number): Promise<void> {
  ask(batchOf(row));
  await settle();
  calls.at(-1)!.answer({ kind: 'estimate', value, version });
  await settle();
}

describe('a cold key', () => {
  it('is asked once, answers its asker, and is known from then on', async () => {
    const batch = batchOf([1, 1], [2, 2]);
    const replies = ask(batch);
    await settle();
    expect(calls.map(({ row }) => row)).toEqual([
      [1, 1],
      [2, 2],
    ]);
    calls[1]!.answer({ kind: 'estimate', value: 0.2, version });
    await settle();
    expect(replies).toEqual([]);
    calls[0]!.answer({ kind: 'estimate', value: 0.1, version });
    await settle();
    expect(replies).toEqual([
      [
        { index: 1, value: 0.2, source: 'model', model: 'v1' },
        { index: 0, value: 0.1, source: 'model', model: 'v1' },
      ],
    ]);
    expect(lookUp(batch)).toEqual([
      { value: 0.1, source: 'l1' },
      { value: 0.2, source: 'l1' },
    ]);
    expect(batch.missCount).toBe(0);
  });

  it('asked by 10,000 at once is one call to the model', async () => {
    const replies = Array.from({ length: 10_000 }, () => ask(batchOf([1, 1])));
    await settle();
    expect(calls).toHaveLength(1);
    calls[0]!.answer({ kind: 'estimate', value: 0.1, version });
    await settle();
    for (const reply of replies) expect(reply).toEqual([[{ index: 0, value: 0.1, source: 'model', model: 'v1' }]]);
  });

  it('is answered at the deadline by the fallback, and known once the model has answered after all', async () => {
    const batch = batchOf([1, 1]);
    const replies = ask(batch, 20);
    await settle(19);
    expect(replies).toEqual([]);
    await settle(2);
    expect(replies).toEqual([[{ index: 0, value: expect.closeTo(PRIOR, 9), source: 'fallback', model: null }]]);
    calls[0]!.answer({ kind: 'estimate', value: 0.1, version });
    await settle();
    expect(replies).toHaveLength(1);
    expect(lookUp(batch)[0]).toEqual({ value: 0.1, source: 'l1' });
  });

  it('asked too late is not waited for', async () => {
    const replies = ask(batchOf([1, 1]), 0);
    await settle();
    expect(replies[0]![0]!.source).toBe('fallback');
    expect(calls).toHaveLength(1);
  });

  it('the batch may be used for the next request meanwhile', async () => {
    const batch = batchOf([1, 1]);
    const replies = ask(batch);
    batch.begin(1, 0);
    batch.rows.set([7, 7]);
    await settle();
    expect(calls[0]!.row).toEqual([1, 1]);
    calls[0]!.answer({ kind: 'estimate', value: 0.1, version });
    await settle();
    expect(replies[0]![0]!.value).toBe(0.1);
  });
});

describe('a model that cannot be meant', () => {
  it('is asked together with what is expected, as soon as something is', async () => {
    ask(batchOf([1, 1]));
    await settle();
    expect(calls[0]!.expectation).toBeNull();
    for (let row = 2; row < 1100; row++) await predict([row, 1], 0.1);
    ask(batchOf([5000, 1]));
    await settle();
    expect(calls.at(-1)!.expectation).toEqual({ learned: expect.closeTo(0.1, 2), prior: PRIOR });
  });

  it.each(['implausible', 'unchecked'] as const)(
    'is answered for by the fallback, and is asked again: %s',
    async (reason) => {
      const replies = ask(batchOf([1, 1]));
      await settle();
      calls[0]!.answer({ kind: 'failed', reason });
      await settle();
      expect(replies[0]![0]).toEqual({ index: 0, value: expect.closeTo(PRIOR, 9), source: 'fallback', model: null });
      ask(batchOf([1, 1]));
      await settle();
      expect(calls).toHaveLength(2);
    },
  );
});

describe('a failing model', () => {
  it('is answered for by the fallback at once', async () => {
    const replies = ask(batchOf([1, 1]));
    await settle();
    calls[0]!.answer({ kind: 'failed', reason: 'unreachable' });
    await settle();
    expect(replies[0]![0]!.source).toBe('fallback');
    expect(log).toContain('failed unreachable');
  });

  it('has its old predictions used for up to 300 s', async () => {
    await predict([1, 1], 0.1);
    await settle(200_000);
    isFailing = true;
    const batch = batchOf([1, 1]);
    expect(lookUp(batch)[0]).toEqual({ value: 0.1, source: 'stale' });
    expect(batch.missCount).toBe(0);
    expect(calls).toHaveLength(1);
  });

  it('is asked for what is used, a little, to see whether it works again', async () => {
    await predict([1, 1], 0.1);
    await settle(20_000);
    isFailing = true;
    for (let times = 0; times < 5; times++) lookUp(batchOf([1, 1]));
    await settle();
    expect(calls).toHaveLength(2);
    calls[1]!.answer({ kind: 'failed', reason: 'breaker-open' });
    await settle(1001);
    lookUp(batchOf([1, 1]));
    await settle();
    calls[2]!.answer({ kind: 'estimate', value: 0.2, version });
    isFailing = false;
    await settle();
    expect(lookUp(batchOf([1, 1]))[0]).toEqual({ value: 0.2, source: 'l1' });
  });

  it('that has no estimate for a row is not asked again at once', async () => {
    const batch = batchOf([1, 1]);
    ask(batch);
    await settle();
    calls[0]!.answer({ kind: 'failed', reason: 'out-of-range' });
    await settle();
    expect(lookUp(batch)[0]!.source).toBe('fallback');
    expect(batch.missCount).toBe(0);
    await settle(2001);
    lookUp(batch);
    expect(batch.missCount).toBe(1);
  });
});

describe('a slow model', () => {
  const answerAllAfter = async (ms: number): Promise<void> => {
    const asked = calls.splice(0);
    await settle(ms);
    for (const { answer } of asked) answer({ kind: 'estimate', value: 0.1, version });
    await settle();
  };

  it('is no longer waited for, until it answers in time again', async () => {
    for (let key = 0; key < 32; key++) ask(batchOf([key, key]));
    await settle();
    await answerAllAfter(200);
    const replies = ask(batchOf([50, 50]), 20);
    await settle(1);
    expect(calls).toHaveLength(1);
    expect(replies).toEqual([]);
    await settle(2);
    expect(replies[0]![0]!.source).toBe('fallback');
    expect(log).toContain('fallback late');
    for (let key = 100; key < 132; key++) ask(batchOf([key, key]));
    await settle();
    await answerAllAfter(5);
    const again = ask(batchOf([60, 60]), 20);
    await settle(10);
    expect(again).toEqual([]);
    calls[0]!.answer({ kind: 'estimate', value: 0.3, version });
    await settle();
    expect(again).toEqual([[{ index: 0, value: 0.3, source: 'model', model: 'v1' }]]);
  });

  it('that hangs is no longer waited for long before its calls are given up', async () => {
    for (let key = 0; key < 32; key++) ask(batchOf([key, key]));
    await settle();
    await answerAllAfter(5);
    for (let key = 100; key < 117; key++) ask(batchOf([key, key]), 20);
    await settle();
    await settle(20);
    const replies = ask(batchOf([50, 50]), 20);
    await settle(1);
    expect(replies).toEqual([]);
    await settle(2);
    expect(replies[0]![0]!.source).toBe('fallback');
    expect(log).not.toContain('failed deadline');
  });
});

describe('a model that was swapped', () => {
  it('while it was asked answers this request, and what it said is not kept as the word of the one before', async () => {
    const replies = ask(batchOf([1, 1]));
    await settle();
    calls[0]!.answer({ kind: 'estimate', value: 0.1, version: 'v2' });
    await settle();
    expect(replies).toEqual([[{ index: 0, value: 0.1, source: 'model', model: 'v2' }]]);
    expect(estimator.estimateNow(batchOf([1, 1]))).toHaveLength(1);
  });
});

describe('a process that has too much to do', () => {
  it('uses old predictions and refreshes none, but asks for what it does not know', async () => {
    await predict([1, 1], 0.1);
    await settle(200_000);
    degradeLevel = 1;
    expect(lookUp(batchOf([1, 1]))[0]).toEqual({ value: 0.1, source: 'stale' });
    await settle();
    expect(calls).toHaveLength(1);
    expect(estimator.estimateNow(batchOf([2, 2]))).toHaveLength(1);
  });

  it('asks no model at all when it has far too much', async () => {
    degradeLevel = 2;
    log = [];
    expect(estimator.estimateNow(batchOf([2, 2]))).toEqual([]);
    expect(log).toEqual(['l1 miss', 'estimate fallback', 'fallback shed']);
  });
});

it('each estimate is counted once, by where it came from and why not from the model', async () => {
  const counted = (): string[] => log.filter((line) => /^(estimate|fallback|l1|l2)/.test(line));
  const shown = (): string[] => {
    const lines = counted();
    log = [];
    return lines;
  };
  await predict([1, 1], 0.1);
  expect(shown()).toEqual(['l1 miss', 'estimate model']);
  lookUp(batchOf([1, 1]));
  expect(shown()).toEqual(['l1 hit', 'estimate l1']);
  for (const [key, reason, cause] of [
    [5, 'out-of-range', 'unusable'],
    [6, 'unreachable', 'failing'],
    [7, 'queue-full', 'busy'],
  ] as const) {
    ask(batchOf([key, key]));
    await settle();
    calls.at(-1)!.answer({ kind: 'failed', reason });
    await settle();
    expect(shown()).toEqual(['l1 miss', 'estimate fallback', `fallback ${cause}`]);
  }
});

describe('a known key', () => {
  it('is refreshed while it is used, before it expires', async () => {
    await predict([1, 1], 0.1);
    await settle(6000);
    lookUp(batchOf([1, 1]));
    await settle();
    expect(calls).toHaveLength(1);
    await settle(1500);
    for (let times = 0; times < 5; times++) expect(lookUp(batchOf([1, 1]))[0]!.source).toBe('l1');
    await settle();
    expect(calls).toHaveLength(2);
    expect(log).toContain('asked refresh');
    calls[1]!.answer({ kind: 'estimate', value: 0.3, version });
    await settle(9000);
    expect(lookUp(batchOf([1, 1]))[0]).toEqual({ value: 0.3, source: 'l1' });
  });

  it('that nobody uses is not', async () => {
    await predict([1, 1], 0.1);
    await settle(20_000);
    expect(calls).toHaveLength(1);
  });

  it('stands in for its likes, which are asked for without anybody waiting', async () => {
    await predict([1, 1], 0.1);
    const batch = batchOf([1, 2]);
    expect(lookUp(batch)[0]).toEqual({ value: 0.1, source: 'l1' });
    expect(batch.missCount).toBe(0);
    await settle();
    expect(calls.at(-1)!.row).toEqual([1, 2]);
    calls.at(-1)!.answer({ kind: 'estimate', value: 0.2, version });
    await settle();
    expect(lookUp(batch)[0]).toEqual({ value: 0.2, source: 'l1' });
  });

  it('is a miss for another version of the model', async () => {
    await predict([1, 1], 0.1);
    version = 'v2';
    const batch = batchOf([1, 1]);
    lookUp(batch);
    expect(batch.missCount).toBe(1);
  });

  it('is gone when its campaign or user is', async () => {
    for (const tag of [tagOfId('campaign', 'c'), tagOfId('user', 'u')]) {
      await predict([1, 1], 0.1);
      const batch = batchOf([1, 1]);
      expect(lookUp(batch)[0]!.source).toBe('l1');
      await estimator.invalidate(tag);
      lookUp(batch);
      expect(batch.missCount).toBe(1);
      await settle();
    }
  });
});

describe('with a shared cache', () => {
  const shared = () =>
    createEmbeddedPredictionCache({
      entriesMax: 100,
      keptMsMax: 3_600_000,
      clock: { wallMs: () => nowMs, monotonicMs: () => nowMs },
    });
  const startTwo = (cache: PredictionCache): [EstimatorActor, EstimatorActor] => {
    estimator.stop();
    return [start(cache), start(cache)];
  };
  const asking = (on: EstimatorActor): EstimateAnswer[][] => {
    estimator = on;
    return ask(batchOf([1, 1]), 200);
  };

  it('what one process knows the other need not ask', async () => {
    const [here, there] = startTwo(shared());
    asking(here);
    await settle();
    calls[0]!.answer({ kind: 'estimate', value: 0.1, version });
    await settle();
    const replies = asking(there);
    await settle();
    expect(calls).toHaveLength(1);
    expect(replies).toEqual([[{ index: 0, value: 0.1, source: 'l2', model: 'v1' }]]);
    here.stop();
  });

  it('what one process knows of the likes of a key stands in for it at once, while the model is asked', async () => {
    const [here, there] = startTwo(shared());
    asking(here);
    await settle();
    calls[0]!.answer({ kind: 'estimate', value: 0.1, version });
    await settle();
    estimator = there;
    const replies = ask(batchOf([1, 2]), 200);
    await settle();
    expect(replies).toEqual([[{ index: 0, value: 0.1, source: 'l2', model: 'v1' }]]);
    expect(calls.map(({ row }) => row)).toEqual([
      [1, 1],
      [1, 2],
    ]);
    calls[1]!.answer({ kind: 'estimate', value: 0.2, version });
    await settle();
    expect(lookUp(batchOf([1, 2]))).toEqual([{ value: 0.2, source: 'l1' }]);
    here.stop();
  });

  it('what one process knows of the likes of a key is enough to warm up', async () => {
    const [here, there] = startTwo(shared());
    asking(here);
    await settle();
    calls[0]!.answer({ kind: 'estimate', value: 0.1, version });
    await settle();
    estimator = there;
    const replies = warmUp(batchOf([1, 2]));
    await settle();
    expect(replies).toEqual([[{ index: 0, value: 0.1, source: 'l2', model: 'v1' }]]);
    expect(calls).toHaveLength(1);
    expect(there.flightCount()).toBe(0);
    here.stop();
  });

  it('of two that ask at once one asks the model, and the other waits for its answer', async () => {
    const [here, there] = startTwo(shared());
    const first = asking(here);
    const second = asking(there);
    await settle();
    for (let times = 0; times < 4; times++) await settle(5);
    expect(calls).toHaveLength(1);
    calls[0]!.answer({ kind: 'estimate', value: 0.1, version });
    await settle();
    for (let times = 0; times < 4; times++) await settle(5);
    expect(first[0]![0]).toEqual({ index: 0, value: 0.1, source: 'model', model: 'v1' });
    expect(second[0]![0]).toEqual({ index: 0, value: 0.1, source: 'l2', model: 'v1' });
    here.stop();
  });

  it('the other asks too when the one has died', async () => {
    const cache = shared();
    const [here, there] = startTwo(cache);
    asking(here);
    await settle();
    here.stop();
    asking(there);
    await settle();
    expect(calls).toHaveLength(1);
    for (let times = 0; times < INFERENCE_MS / 5 + 12; times++) await settle(5);
    expect(calls).toHaveLength(2);
  });

  it('an invalidation by one reaches the other', async () => {
    const [here, there] = startTwo(shared());
    for (const on of [here, there]) {
      asking(on);
      await settle();
      calls.at(-1)!.answer({ kind: 'estimate', value: 0.1, version });
      await settle();
    }
    await here.invalidate(tagOfId('campaign', 'c'));
    await settle();
    estimator = there;
    const batch = batchOf([1, 1]);
    lookUp(batch);
    expect(batch.missCount).toBe(1);
    here.stop();
  });

  it('a process that starts while the model fails uses what others have had from it', async () => {
    const [here, there] = startTwo(shared());
    asking(here);
    await settle();
    calls[0]!.answer({ kind: 'estimate', value: 0.1, version });
    await settle(200_000);
    isFailing = true;
    const replies = asking(there);
    await settle();
    expect(replies).toEqual([[{ index: 0, value: 0.1, source: 'stale', model: 'v1' }]]);
    here.stop();
  });

  it('the other asks as soon as the one has failed, and looks ever more rarely meanwhile', async () => {
    const cache = shared();
    let looks = 0;
    const counted: PredictionCache['fetch'] = (keys) => {
      looks += 1;
      return cache.fetch(keys);
    };
    const [here, there] = startTwo({ ...cache, fetch: counted });
    asking(here);
    await settle();
    const replies = asking(there);
    for (let times = 0; times < 40; times++) await settle(5);
    expect(calls).toHaveLength(1);
    expect(looks).toBeLessThan(12);
    calls[0]!.answer({ kind: 'failed', reason: 'refused' });
    for (let times = 0; times < 11; times++) await settle(5);
    expect(calls).toHaveLength(2);
    expect(replies).toHaveLength(1);
    here.stop();
  });

  it('many answers of another process are looked for together', async () => {
    const cache = shared();
    const looks: number[] = [];
    const counted: PredictionCache['fetch'] = (keys) => {
      looks.push(keys.length);
      return cache.fetch(keys);
    };
    const [here, there] = startTwo({ ...cache, fetch: counted });
    const rows = Array.from({ length: 20 }, (_, key) => [key, key] as const);
    for (const on of [here, there]) {
      estimator = on;
      for (const row of rows) ask(batchOf(row), 200);
      await settle();
    }
    looks.length = 0;
    await settle(5);
    expect(looks).toEqual([40]);
    here.stop();
  });

  it('who joins a refresh is answered with what another process knows, though it be too old for a refresh', async () => {
    const [here, there] = startTwo(shared());
    asking(here);
    await settle();
    calls[0]!.answer({ kind: 'estimate', value: 0.1, version });
    await settle();
    const questions = there.estimateNow(batchOf([1, 1]));
    there.ask(questions, nowMs + 200, () => {});
    await settle();
    // The last part of its time here, in which its use begins a refresh.
    await settle(9000);
    there.estimateNow(batchOf([1, 1]));
    const replies: EstimateAnswer[][] = [];
    there.ask(questions, nowMs + 200, (answers) => replies.push([...answers]));
    await settle();
    expect(log).toContain('joined');
    expect(replies).toEqual([[{ index: 0, value: 0.1, source: 'l2', model: 'v1' }]]);
    expect(calls).toHaveLength(1);
    here.stop();
    there.stop();
  });

  it('that hangs costs a few ms a question, then nothing but a probe a second, until it answers', async () => {
    const cache = shared();
    let asked = 0;
    let hangs = true;
    const hanging = <A extends unknown[], T>(command: (...parameters: A) => Promise<T>) => {
      return (...parameters: A): Promise<T> => {
        asked += 1;
        return hangs ? new Promise(() => {}) : command(...parameters);
      };
    };
    estimator.stop();
    estimator = start({
      ...cache,
      fetch: hanging(cache.fetch),
      lock: hanging(cache.lock),
      store: hanging(cache.store),
    });
    for (let key = 0; key < 5; key++) ask(batchOf([key, key]));
    await settle(1);
    expect(calls).toHaveLength(0);
    for (let ms = 0; ms < 4; ms++) await settle(1);
    expect(calls).toHaveLength(5);
    expect(estimator.isCacheBypassed()).toBe(true);
    asked = 0;
    for (let key = 10; key < 30; key++) ask(batchOf([key, key]));
    await settle(0);
    expect(calls).toHaveLength(25);
    expect(asked).toBe(0);

    await settle(1000);
    for (let key = 30; key < 50; key++) ask(batchOf([key, key]));
    await settle(0);
    expect(asked).toBe(1);
    expect(calls).toHaveLength(44);

    hangs = false;
    await settle(4);
    await settle(1000);
    for (const key of [60, 61]) {
      ask(batchOf([key, key]));
      await settle();
    }
    expect(estimator.isCacheBypassed()).toBe(false);
    calls.at(-1)!.answer({ kind: 'estimate', value: 0.3, version });
    await settle();
    expect(log.filter((line) => line === 'shared cache failed').length).toBeLessThanOrEqual(7);
  });

  it('that is away is gone without', async () => {
    const cache = shared();
    const [here, there] = startTwo(cache);
    here.stop();
    await cache.close();
    const replies = asking(there);
    await settle();
    expect(log).toContain('shared cache failed');
    calls[0]!.answer({ kind: 'estimate', value: 0.1, version });
    await settle();
    expect(replies[0]![0]).toEqual({ index: 0, value: 0.1, source: 'model', model: 'v1' });
  });
});

const warmUp = (batch: EstimateBatch): EstimateAnswer[][] => {
  const replies: EstimateAnswer[][] = [];
  estimator.warmUp(estimator.estimateNow(batch), nowMs + 1000, (answers) => replies.push([...answers]));
  return replies;
};

it('warming up fills the cache, and is no estimate of an auction', async () => {
  const replies = warmUp(batchOf([1, 1]));
  await settle();
  calls[0]!.answer({ kind: 'estimate', value: 0.1, version });
  await settle();
  expect(replies).toEqual([[{ index: 0, value: 0.1, source: 'model', model: 'v1' }]]);
  expect(log).toContain('asked warm-up');
  expect(log.filter((line) => line.startsWith('estimate'))).toEqual([]);
  expect(lookUp(batchOf([1, 2]))).toEqual([{ value: 0.1, source: 'l1' }]);
});

it('who waits when it stops is answered', async () => {
  const replies = ask(batchOf([1, 1]));
  estimator.stop();
  expect(replies[0]![0]!.source).toBe('fallback');
  const late = ask(batchOf([1, 1]));
  await settle();
  expect(late[0]![0]!.source).toBe('fallback');
});
