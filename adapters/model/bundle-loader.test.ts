import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ManualTimers } from '../notices/testing/manual-timers.ts';
import { type BundleLoader, startBundleLoader } from './bundle-loader.ts';
import { FEATURE_COUNT, logisticText, SCHEMA_HASH, trainer, writeBundle } from './testing/build-bundle.ts';

const POLL_MS = 1000;

let folder: string;
let timers: ManualTimers;
let events: string[];
let loader: BundleLoader | null;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bundles-'));
  timers = new ManualTimers();
  events = [];
  loader = null;
});
afterEach(async () => {
  await loader?.close();
  await rm(folder, { recursive: true });
});

async function start(versionMin = 0): Promise<BundleLoader> {
  loader = await startBundleLoader({
    folder,
    rules: { publicKeys: [trainer.publicKey], schemaHash: SCHEMA_HASH, featureCount: FEATURE_COUNT, target: 'click' },
    versionMin,
    pollIntervalMs: POLL_MS,
    clock: { wallMs: () => Date.parse('2026-06-10T00:00:00Z'), monotonicMs: () => 0 },
    timers,
    observer: {
      onLoaded: ({ version }) => events.push(`loaded ${version}`),
      onRefused: ({ reason }, serving) => events.push(`refused ${reason}, serving ${serving?.version ?? 'none'}`),
    },
  });
  return loader;
}

/** Polls until the loader has said `count` things. */
async function pollUntil(count: number): Promise<void> {
  await vi.waitFor(() => {
    timers.advance(POLL_MS);
    expect(events.length).toBeGreaterThanOrEqual(count);
  });
}

it('serves nothing until there is something', async () => {
  const { current } = await start();
  expect(current()).toBeNull();
  expect(events).toEqual(['refused unreadable, serving none']);
  await writeBundle(folder, { version: 3 });
  await pollUntil(2);
  expect(events.at(-1)).toBe('loaded 3');
  expect(current()?.version).toBe(3);
});

it('swaps for a newer bundle; who holds the old model keeps it', async () => {
  await writeBundle(folder, { version: 1 });
  const { current } = await start();
  const before = current()!;
  await writeBundle(folder, { version: 2, files: { 'model.txt': logisticText(5) } });
  await pollUntil(2);
  const out = new Float64Array(2);
  before.score(Float64Array.of(2, 1), 1, out);
  current()!.score(Float64Array.of(2, 1), 1, out.subarray(1));
  expect(current()!.version).toBe(2);
  expect(out[0]).toBe(0.5);
  expect(out[1]).toBeGreaterThan(0.99);
});

it('keeps the last good model, says so once, and takes the next good one', async () => {
  await writeBundle(folder, { version: 5 });
  const { current } = await start();
  await writeBundle(folder, { version: 6 });
  await writeFile(join(folder, 'model.txt'), 'nonsense');
  await pollUntil(2);
  expect(current()?.version).toBe(5);
  const said = events.length;
  for (let poll = 0; poll < 5; poll++) {
    timers.advance(POLL_MS);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(events.length).toBe(said);
  expect(events.at(-1)).toBe('refused file-hash, serving 5');
  await writeBundle(folder, { version: 7 });
  await vi.waitFor(() => {
    timers.advance(POLL_MS);
    expect(current()?.version).toBe(7);
  });
});

it('goes neither back nor sideways', async () => {
  await writeBundle(folder, { version: 5 });
  const { current, reload } = await start();
  await writeBundle(folder, { version: 4 });
  await reload();
  await writeBundle(folder, { version: 5, files: { 'model.txt': logisticText(5) } });
  await reload();
  expect(events).toEqual(['loaded 5', 'refused old-version, serving 5', 'refused old-version, serving 5']);
  expect(current()?.version).toBe(5);
});

it('reading the bundle that is served again changes nothing', async () => {
  await writeBundle(folder, { version: 5 });
  const { reload } = await start();
  await reload();
  expect(events).toEqual(['loaded 5']);
});

it('does not roll back over a restart when told the lowest version', async () => {
  await writeBundle(folder, { version: 5 });
  const { current } = await start(6);
  expect(current()).toBeNull();
  expect(events).toEqual(['refused old-version, serving none']);
});

it('scores through a swap without a gap', async () => {
  await writeBundle(folder, { version: 1 });
  const { current, reload } = await start();
  const row = Float64Array.of(2, 0);
  const out = new Float64Array(1);
  for (let version = 2; version < 12; version++) {
    await writeBundle(folder, { version });
    let isDone = false;
    const reloading = reload().then(() => {
      isDone = true;
    });
    while (!isDone) {
      current()!.score(row, 1, out);
      expect(out[0]).toBe(0.5);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await reloading;
  }
  expect(current()?.version).toBe(11);
});

it.each([
  ['a pipe', (path: string) => execFileSync('mkfifo', [path])],
  ['a device without end', (path: string) => symlink('/dev/zero', path)],
  ['a file beyond the bound', (path: string) => writeFile(path, '').then(() => truncate(path, 300 * 1024 * 1024))],
  ['a link to nowhere', (path: string) => symlink('/nowhere/model.txt', path)],
])('%s in the folder is refused, and the next good bundle is taken', async (_, put) => {
  await writeBundle(folder, { version: 1 });
  const { current } = await start();
  await rm(join(folder, 'model.txt'));
  await put(join(folder, 'model.txt'));
  await pollUntil(2);
  expect(events.at(-1)).toBe('refused unreadable, serving 1');
  await rm(join(folder, 'model.txt'));
  await writeBundle(folder, { version: 2 });
  await vi.waitFor(() => {
    timers.advance(POLL_MS);
    expect(current()?.version).toBe(2);
  });
});
