/** A folder on a mount that hangs: calls to the system that do not come back. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ManualTimers } from '../notices/testing/manual-timers.ts';
import { type BundleLoader, LOAD_MS_MAX, startBundleLoader } from './bundle-loader.ts';
import { FEATURE_COUNT, SCHEMA_HASH, trainer, writeBundle } from './testing/build-bundle.ts';

const mount = vi.hoisted(() => ({ opened: 0, hang: null as Promise<void> | null }));
vi.mock('node:fs/promises', async (importActual) => {
  const actual = await importActual<typeof import('node:fs/promises')>();
  return {
    ...actual,
    open: async (...args: Parameters<typeof actual.open>) => {
      mount.opened++;
      await mount.hang;
      return actual.open(...args);
    },
  };
});

const POLL_MS = 1000;

let folder: string;
let timers: ManualTimers;
let events: string[];
let recover: () => void;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bundles-'));
  timers = new ManualTimers();
  events = [];
  await writeBundle(folder, { version: 1 });
  mount.opened = 0;
  mount.hang = new Promise((resolve) => {
    recover = resolve;
  });
});
afterEach(async () => {
  recover();
  mount.hang = null;
  await rm(folder, { recursive: true });
});

function start(): Promise<BundleLoader> {
  return startBundleLoader({
    folder,
    rules: { publicKeys: [trainer.publicKey], schemaHash: SCHEMA_HASH, featureCount: FEATURE_COUNT, target: 'click' },
    versionMin: 0,
    pollIntervalMs: POLL_MS,
    clock: { wallMs: () => Date.parse('2026-06-10T00:00:00Z'), monotonicMs: () => 0 },
    timers,
    observer: {
      onLoaded: ({ version }) => events.push(`loaded ${version}`),
      onRefused: ({ message }) => events.push(`refused ${message}`),
    },
  });
}

/** Starts on the mount that hangs, and lets the time of the first load pass. */
async function startStuck(): Promise<BundleLoader> {
  const starting = start();
  await vi.waitFor(() => expect(mount.opened).toBe(1));
  timers.advance(LOAD_MS_MAX);
  return starting;
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

it('refuses after its time, waits with no second call, and loads once the mount is back', async () => {
  const loader = await startStuck();
  expect(events).toEqual(['refused unreadable: not read within 30 s']);
  for (let poll = 0; poll < 5; poll++) {
    timers.advance(POLL_MS);
    await turns();
  }
  expect(mount.opened).toBe(1);
  recover();
  await vi.waitFor(() => {
    timers.advance(POLL_MS);
    expect(loader.current()?.version).toBe(1);
  });
  expect(events).toEqual(['refused unreadable: not read within 30 s', 'loaded 1']);
  await loader.close();
});

it('does not wait for it when it closes, and says nothing afterwards', async () => {
  const loader = await startStuck();
  await loader.close();
  recover();
  await turns();
  expect(events).toEqual(['refused unreadable: not read within 30 s']);
});

it('closes while a load is under way', async () => {
  recover();
  const loader = await start();
  mount.hang = new Promise(() => {});
  const opened = mount.opened;
  const reloading = loader.reload();
  await vi.waitFor(() => expect(mount.opened).toBeGreaterThan(opened));
  await loader.close();
  await reloading;
  expect(events).toEqual(['loaded 1']);
});
