import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { InferenceFailure, InferenceResult, RemoteModel } from '../../engine/ports/remote-model.ts';
import { systemClock, systemTimers } from '../clock.ts';
import { createRemoteModel, REMOTE_MODEL_DEFAULTS, type RemoteModelOptions } from './remote-model.ts';
import { type InferCall, type StubModelServer, startStubModelServer } from './testing/stub-model-server.ts';

const FEATURES = 2;
const PATIENCE_MS = 20_000;

let server: StubModelServer;
let model: RemoteModel | null;
let log: string[];

beforeEach(async () => {
  server = await startStubModelServer(FEATURES);
  model = null;
  log = [];
});
afterEach(async () => {
  await model?.close();
  await server.close();
});

function create(changes: Partial<RemoteModelOptions> = {}): RemoteModel {
  model = createRemoteModel({
    ...REMOTE_MODEL_DEFAULTS,
    url: server.url,
    model: 'clicks',
    headers: {},
    featureCount: FEATURES,
    schemaHash: 'schema',
    checkMs: 500,
    clock: systemClock,
    timers: systemTimers,
    random: () => 0,
    observer: {
      onReady: () => log.push('ready'),
      onFault: (error) => log.push(`fault ${error}`),
      onNotReady: (error) => log.push(error.message),
      onFinding: (version, finding) => log.push(`version ${version}: ${finding}`),
      onCall: (rowCount, _latencyMs, failure) => log.push(`${rowCount} rows: ${failure ?? 'ok'}`),
    },
    ...changes,
  });
  return model;
}

async function createReady(changes: Partial<RemoteModelOptions> = {}): Promise<RemoteModel> {
  const created = create(changes);
  await vi.waitFor(() => expect(created.isFailing()).toBe(false), PATIENCE_MS);
  return created;
}

function infer(on: RemoteModel, value: number, budgetMs = PATIENCE_MS): Promise<InferenceResult> {
  return new Promise((resolve) => on.infer(Float64Array.of(value, Number.NaN), performance.now() + budgetMs, resolve));
}

const estimate = (value: number, version = '1'): InferenceResult => ({ kind: 'estimate', value, version });
const failed = (reason: InferenceFailure): InferenceResult => ({ kind: 'failed', reason });
const outOfRange = failed('out-of-range');

/** Says of each row its first feature. */
const echo = ({ data, answer }: InferCall): void => answer(data.filter((_, index) => index % FEATURES === 0));

function ofVersion(version: string): string {
  return JSON.stringify({ model_version: version, outputs: [{ data: [0.1] }] });
}

const called = (count: number) => vi.waitFor(() => expect(server.calls).toHaveLength(count), PATIENCE_MS);

describe('a model server', () => {
  it('is asked for many rows at once, and each asker gets its own', async () => {
    const remote = await createReady();
    server.respond = ({ data, answer }) => answer(data.filter((_, index) => index % FEATURES === 0));
    const results = await Promise.all([0.1, 0.2, 0.3].map((value) => infer(remote, value)));
    expect(results).toEqual([0.1, 0.2, 0.3].map((value) => ({ kind: 'estimate', value, version: '1' })));
    expect(server.calls.map(({ rowCount }) => rowCount)).toEqual([3]);
    expect(server.calls[0]!.data).toEqual([0.1, null, 0.2, null, 0.3, null]);
  });

  it('is asked at once when a batch is full', async () => {
    const remote = await createReady({ batchRowsMax: 4, gatherMs: 1_000_000 });
    server.respond = ({ rowCount, answer }) => answer(new Array(rowCount).fill(0.1));
    await Promise.all([1, 2, 3, 4].map((value) => infer(remote, value)));
    expect(server.calls.map(({ rowCount }) => rowCount)).toEqual([4]);
  });

  it('is not asked more than a number of times at once; the rest waits, and beyond its bound is refused', async () => {
    const remote = await createReady({ batchRowsMax: 1, callsMax: 2, queueMax: 3 });
    const results = [1, 2, 3, 4, 5].map((value) => infer(remote, value));
    await called(2);
    expect(await infer(remote, 6)).toEqual({ kind: 'failed', reason: 'queue-full' });
    server.respond = ({ answer }) => answer([0.5]);
    for (const { answer } of server.calls.slice()) answer([0.5]);
    for (const result of results) expect(await result).toEqual({ kind: 'estimate', value: 0.5, version: '1' });
  });

  it('may be nearly certain, but not certain', async () => {
    const remote = await createReady();
    server.respond = ({ answer }) => answer([[0], [1], [Number.MIN_VALUE], [1 - Number.EPSILON]]);
    const [zero, one, low, high] = await Promise.all([1, 2, 3, 4].map((value) => infer(remote, value)));
    expect([zero, one]).toEqual([outOfRange, outOfRange]);
    expect([low, high]).toEqual([estimate(1e-9), estimate(1 - 1e-9)]);
  });

  it('that has changed its version says so', async () => {
    const remote = await createReady();
    expect(remote.version()).toBe('1');
    server.version = '2';
    server.respond = ({ answer }) => answer([0.5]);
    await infer(remote, 1);
    expect(remote.version()).toBe('2');
  });
});

describe('a failure', () => {
  it('of one row is of that row alone', async () => {
    const remote = await createReady();
    server.respond = ({ answer }) => answer([0.1, -0.1, 1.1, null, '0.5', 0.2]);
    const results = await Promise.all([1, 2, 3, 4, 5, 6].map((value) => infer(remote, value)));
    const bad = { kind: 'failed', reason: 'out-of-range' };
    expect(results).toEqual([
      { kind: 'estimate', value: 0.1, version: '1' },
      bad,
      bad,
      bad,
      bad,
      { kind: 'estimate', value: 0.2, version: '1' },
    ]);
    expect(log.at(-1)).toBe('6 rows: out-of-range');
  });

  it.each([
    ['refused', [0.1], { status: 500 }],
    ['unreadable', [0.1, 0.2], {}],
    ['unreadable', [], {}],
    ['unreadable', [0.1], { body: '{"outputs":[{"data":[NaN]}]}' }],
    ['unreadable', [0.1], { body: '[]' }],
    ['unreadable', [0.1], { body: '{"outputs":[null]}' }],
    ['unreadable', [0.1], { body: ofVersion('x'.repeat(65)) }],
    ['unreadable', [0.1], { body: ofVersion('x'.repeat(900_000)) }],
    ['unreadable', [0.1], { body: ofVersion('2\n3') }],
    ['unreadable', [0.1], { body: `"${'x'.repeat(2 ** 20)}"` }],
  ] as const)('%s (%#)', async (reason, values, answer) => {
    const remote = await createReady();
    server.respond = (call) => call.answer(values, answer);
    expect(await infer(remote, 1)).toEqual({ kind: 'failed', reason });
  });

  it('to answer in time: each row at its own deadline, and a call nobody waits for is given up', async () => {
    const remote = await createReady();
    const early = infer(remote, 1, 30);
    const late = infer(remote, 2, 300);
    await called(1);
    expect(await early).toEqual({ kind: 'failed', reason: 'deadline' });
    expect(await late).toEqual({ kind: 'failed', reason: 'deadline' });
    await vi.waitFor(() => expect(log.at(-1)).toBe('2 rows: deadline'), PATIENCE_MS);
  });

  it('of the connection', async () => {
    const remote = await createReady();
    await server.close();
    expect(await infer(remote, 1)).toEqual({ kind: 'failed', reason: 'unreachable' });
  });

  it('of one row in each batch is nothing against the model', async () => {
    const remote = await createReady({ batchRowsMax: 8 });
    server.respond = ({ answer }) => answer([2, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]);
    for (let call = 0; call < 2 * REMOTE_MODEL_DEFAULTS.breaker.callCountMin; call++) {
      const [bad, ...good] = await Promise.all(Array.from({ length: 8 }, (_, row) => infer(remote, call + row / 8)));
      expect(bad).toEqual(outOfRange);
      expect(good).toEqual([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7].map((rate) => estimate(rate)));
    }
    expect(remote.breakerState()).toBe('closed');
    expect(log.at(-1)).toBe('8 rows: ok');
  });

  it('after failure stops the calls, until a probe succeeds', async () => {
    let nowMs = 0;
    const remote = await createReady({
      clock: { wallMs: () => nowMs, monotonicMs: () => nowMs },
      breaker: { ...REMOTE_MODEL_DEFAULTS.breaker, failureRunMax: 2, failureRunMsMin: 0, probeCount: 1 },
    });
    const inferNow = (): Promise<InferenceResult> =>
      new Promise((resolve) => remote.infer(Float64Array.of(1, 1), nowMs + PATIENCE_MS, resolve));
    server.respond = ({ answer }) => answer([], { status: 500 });
    await inferNow();
    nowMs = 10;
    await inferNow();
    await vi.waitFor(() => expect(remote.isFailing()).toBe(true), PATIENCE_MS);
    expect(await inferNow()).toEqual({ kind: 'failed', reason: 'breaker-open' });
    expect(server.calls).toHaveLength(2);
    nowMs = 2000;
    server.respond = ({ answer }) => answer([0.5]);
    expect(await inferNow()).toEqual({ kind: 'estimate', value: 0.5, version: '1' });
    await vi.waitFor(() => expect(remote.isFailing()).toBe(false), PATIENCE_MS);
  });
});

describe('no row is sent to a server', () => {
  const input = { name: 'rows', datatype: 'FP64', shape: [-1, FEATURES] };

  it.each([
    ['shape', { inputs: [{ ...input, shape: [-1, 3] }] }],
    ['FP32 or FP64', { inputs: [{ ...input, datatype: 'BYTES' }] }],
    ['exactly one input', { inputs: [] }],
    ['exactly one input', { inputs: [input, input] }],
    ['trained on features other', { inputs: [input], parameters: { schemaHash: 'other' } }],
  ])('of another schema: %s', async (problem, metadata) => {
    server.metadata = metadata;
    const remote = create();
    await vi.waitFor(() => expect(log.join()).toContain(problem), PATIENCE_MS);
    expect(remote.isFailing()).toBe(true);
    expect(await infer(remote, 1)).toEqual({ kind: 'failed', reason: 'breaker-open' });
  });

  it('that is not ready, until it is', async () => {
    server.isReady = false;
    const remote = create({ checkMs: 50 });
    await vi.waitFor(() => expect(log.join()).toContain('status 503'), PATIENCE_MS);
    server.isReady = true;
    await vi.waitFor(() => expect(remote.isFailing()).toBe(false), PATIENCE_MS);
    expect(log.at(-1)).toBe('ready');
  });
});

describe('a server that comes to serve another version', () => {
  const input = { name: 'rows', datatype: 'FP64', shape: [-1, FEATURES] };
  const otherSchema = { inputs: [input], parameters: { schemaHash: 'other' } };

  it('is not used when that is of another schema, until it is right again', async () => {
    const remote = await createReady({ checkMs: 50 });
    server.respond = echo;
    expect(await infer(remote, 0.1)).toEqual(estimate(0.1));
    server.version = '2';
    server.metadata = otherSchema;
    expect(await infer(remote, 0.2)).toEqual(failed('unchecked'));
    expect(log.join()).toContain('trained on features other');
    expect(remote.isFailing()).toBe(true);
    expect(remote.version()).toBe('1');
    expect(await infer(remote, 0.3)).toEqual(failed('breaker-open'));
    server.metadata = { inputs: [input] };
    await vi.waitFor(() => expect(remote.isFailing()).toBe(false), PATIENCE_MS);
    expect(await infer(remote, 0.4)).toEqual(estimate(0.4, '2'));
  });

  it('is asked about it once for all calls that bring it', async () => {
    const remote = await createReady({ batchRowsMax: 1 });
    const results = [0.1, 0.2, 0.3].map((value) => infer(remote, value));
    await called(3);
    server.version = '2';
    for (const call of server.calls) echo(call);
    expect(await Promise.all(results)).toEqual([0.1, 0.2, 0.3].map((value) => estimate(value, '2')));
    expect(log.filter((line) => line === 'ready')).toHaveLength(2);
  });

  it('that its metadata does not know is not used; the one that they do is', async () => {
    const remote = await createReady();
    const ask = (version: string): Promise<InferenceResult> => {
      server.respond = (call) => call.answer([], { body: ofVersion(version) });
      return infer(remote, 0.1);
    };
    server.metadata = { inputs: [input], versions: ['1'] };
    for (let call = 0; call < 10; call++) {
      expect(await ask('2')).toEqual(failed('unchecked'));
      expect(await ask('1')).toEqual(estimate(0.1));
    }
    expect(remote.isFailing()).toBe(false);
    expect(log.filter((line) => line.includes('metadata of 1'))).not.toHaveLength(10);
  });

  it('by turns with the one before: both serve, and the version of what is kept stays', async () => {
    const remote = await createReady();
    server.respond = echo;
    server.version = '2';
    await infer(remote, 0.1);
    for (let call = 0; call < 60; call++) {
      server.version = String(1 + (call % 2));
      expect(await infer(remote, 0.1)).toEqual(estimate(0.1, server.version));
      expect(remote.version()).toBe('2');
    }
    server.version = '1';
    for (let call = 0; call < 24; call++) await infer(remote, 0.1);
    expect(remote.version()).toBe('1');
  });

  it('while it was away is looked at before the first row is sent', async () => {
    let nowMs = 0;
    const remote = await createReady({
      clock: { wallMs: () => nowMs, monotonicMs: () => nowMs },
      breaker: { ...REMOTE_MODEL_DEFAULTS.breaker, failureRunMax: 1, failureRunMsMin: 0, probeCount: 1 },
    });
    const inferNow = (): Promise<InferenceResult> =>
      new Promise((resolve) => remote.infer(Float64Array.of(0.1, 1), nowMs + PATIENCE_MS, resolve));
    server.respond = ({ answer }) => answer([], { status: 500 });
    expect(await inferNow()).toEqual(failed('refused'));
    await vi.waitFor(() => expect(remote.breakerState()).toBe('open'), PATIENCE_MS);
    server.respond = echo;
    // The version is called what it was.
    server.metadata = otherSchema;
    nowMs = 10_000;
    expect(await inferNow()).toMatchObject({ kind: 'failed' });
    expect(server.calls).toHaveLength(1);
  });
});

describe('a server whose estimates cannot be meant', () => {
  const ask = (on: RemoteModel, value: number, learned: number): Promise<InferenceResult> =>
    new Promise((resolve) =>
      on.infer(Float64Array.of(value, 1), performance.now() + PATIENCE_MS, resolve, { learned, prior: 0.001 }),
    );
  const askMany = (on: RemoteModel, from: number): Promise<InferenceResult[]> =>
    Promise.all(Array.from({ length: 32 }, (_, row) => ask(on, from + row * 1e-5, 0.01)));
  const breaker = { ...REMOTE_MODEL_DEFAULTS.breaker, failureRunMsMin: 0, backOffMs: 1, backOffMsMax: 1 };

  it.each([
    ['constant', 8, ({ rowCount, answer }: InferCall) => answer(new Array(rowCount).fill(0.02))],
    ['mean', 16, ({ data, answer }: InferCall) => answer(data.flatMap((v, i) => (i % FEATURES === 0 ? 0.5 + v! : [])))],
  ] as const)('is not used, until it is well: %s', async (finding, callsMax, respond) => {
    const remote = await createReady({ breaker });
    server.respond = respond;
    for (let call = 1; call < callsMax; call++) await askMany(remote, 0.01 + call * 0.001);
    expect(log).not.toContain(`version 1: ${finding}`);
    expect(await askMany(remote, 0.02)).toEqual(new Array(32).fill(failed('implausible')));
    expect(log).toContain(`version 1: ${finding}`);
    await vi.waitFor(async () => {
      await askMany(remote, 0.03);
      expect(remote.isFailing()).toBe(true);
    }, PATIENCE_MS);
    server.respond = echo;
    await vi.waitFor(async () => {
      await askMany(remote, 0.04);
      expect(remote.isFailing()).toBe(false);
    }, PATIENCE_MS);
    expect(log).toContain('version 1: null');
    expect(await ask(remote, 0.05, 0.01)).toEqual(estimate(0.05));
  });
});

it('who waits when it closes is told', async () => {
  const remote = await createReady();
  const sent = infer(remote, 1);
  await called(1);
  const waiting = infer(remote, 2);
  await remote.close();
  expect(await sent).toEqual({ kind: 'failed', reason: 'closed' });
  expect(await waiting).toEqual({ kind: 'failed', reason: 'closed' });
  expect(await infer(remote, 3)).toEqual({ kind: 'failed', reason: 'closed' });
});
