/**
 * The remote model against a real server of its protocol: MLServer with its LightGBM runtime
 * (`pip install mlserver mlserver-lightgbm`), from `MLSERVER` or the path. What it predicts has to be what the model
 * predicts when it is read into this process.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { systemClock, systemTimers } from '../adapters/clock.ts';
import { createRemoteModel, REMOTE_MODEL_DEFAULTS } from '../adapters/model/remote-model.ts';
import { readGbdt } from '../engine/estimation/models/gbdt.ts';
import { modelText, readVectors } from '../engine/estimation/models/testing/fixtures.ts';
import type { InferenceResult, RemoteModel } from '../engine/ports/remote-model.ts';
import { freePort } from './support/services.ts';

const MLSERVER = process.env.MLSERVER ?? 'mlserver';
const canRun = spawnSync(MLSERVER, ['--version']).status === 0;
const FIXTURE = 'lightgbm-4.7.0/missing-nan';
const START_MS_MAX = 60_000;

describe.skipIf(!canRun)('with MLServer', () => {
  const { featureCount } = readGbdt(modelText(FIXTURE));
  let folder: string;
  let server: ChildProcess;
  let model: RemoteModel;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mlserver-'));
    const port = await freePort();
    await writeFile(join(folder, 'model.bst'), modelText(FIXTURE));
    await writeFile(join(folder, 'settings.json'), JSON.stringify(await serverSettings(port)));
    await writeFile(join(folder, 'model-settings.json'), JSON.stringify(modelSettings(featureCount)));
    server = spawn(MLSERVER, ['start', folder], { cwd: folder, stdio: 'ignore' });
    model = createRemoteModel({
      ...REMOTE_MODEL_DEFAULTS,
      url: `http://127.0.0.1:${port}`,
      model: 'clicks',
      headers: {},
      featureCount,
      schemaHash: 'schema',
      clock: systemClock,
      timers: systemTimers,
      random: Math.random,
      observer: { onReady: () => {}, onNotReady: () => {}, onCall: () => {}, onFinding: () => {}, onFault: () => {} },
    });
    await vi.waitFor(() => expect(model.isFailing()).toBe(false), { timeout: START_MS_MAX, interval: 100 });
  }, START_MS_MAX);

  afterAll(async () => {
    await model?.close();
    if (server?.exitCode === null) {
      const exited = once(server, 'exit');
      server.kill('SIGKILL');
      await exited;
    }
    if (folder !== undefined) await rm(folder, { recursive: true });
  });

  it('predicts what the model predicts here, missing values included', async () => {
    const { rows, predicted } = readVectors(FIXTURE);
    const asked: { row: Float64Array; expected: number }[] = [];
    for (const [index, expected] of predicted.entries()) {
      const row = rows.slice(index * featureCount, (index + 1) * featureCount);
      // JSON has no infinity.
      if (row.every((value) => Math.abs(value) !== Number.POSITIVE_INFINITY)) asked.push({ row, expected });
    }
    expect(asked.some(({ row }) => row.some(Number.isNaN))).toBe(true);
    const results = await Promise.all(
      asked.map(
        ({ row }) =>
          new Promise<InferenceResult>((resolve) =>
            model.infer(row, systemClock.monotonicMs() + START_MS_MAX, resolve),
          ),
      ),
    );
    for (const [index, result] of results.entries()) {
      expect(result).toMatchObject({ kind: 'estimate', value: expect.closeTo(asked[index]!.expected, 12) });
    }
    expect(model.version()).toBe('7');
  });
});

async function serverSettings(port: number): Promise<Record<string, unknown>> {
  return {
    host: '127.0.0.1',
    http_port: port,
    grpc_port: await freePort(),
    metrics_port: await freePort(),
    parallel_workers: 0,
  };
}

function modelSettings(featureCount: number): Record<string, unknown> {
  return {
    name: 'clicks',
    implementation: 'mlserver_lightgbm.LightGBMModel',
    parameters: { uri: './model.bst', version: '7' },
    inputs: [{ name: 'rows', datatype: 'FP64', shape: [-1, featureCount] }],
  };
}
