/**
 * The model of this process: loads a bundle, serves it, and swaps it for a newer one when the folder changes. A swap is
 * one assignment between two scorings; a request that holds the old model keeps it. A bundle that is refused changes
 * nothing: the last good model is served on, also beyond its expiry, since none at all would be worse; the observer is
 * told.
 *
 * The folder is polled: notifications of file systems get lost on network mounts and renamed links. A publisher should
 * rename a finished folder into place; one that copies file by file is refused until it is done.
 *
 * A load that takes too long, as on a mount that hangs, is refused and tried again once the system has let go of it. Until
 * then there is no second one: each would hold a thread of those that all files of the process share.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalModel } from '../../engine/estimation/served-model.ts';
import type { Clock, TimerHandle, Timers } from '../../engine/ports/clock.ts';
import { type BundleModel, BundleRefused, type BundleRules, readBundle } from './bundle.ts';

export interface BundleObserver {
  readonly onLoaded: (model: BundleModel) => void;
  /**
   * `serving` is the last good model, null when there never was one. Once for each state of the folder; each time when
   * it could not be read in time.
   */
  readonly onRefused: (refusal: BundleRefused, serving: BundleModel | null) => void;
}

export interface BundleLoaderOptions {
  readonly folder: string;
  readonly rules: BundleRules;
  /** No version below is taken, also when none is served yet: a bound against rolling back over a restart. */
  readonly versionMin: number;
  readonly pollIntervalMs: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly observer: BundleObserver;
}

export interface BundleLoader extends LocalModel {
  readonly current: () => BundleModel | null;
  /** Reads the folder now, changed or not; a load under way is waited for first. Never rejects. */
  readonly reload: () => Promise<void>;
  /** A load under way is given up and not waited for. */
  readonly close: () => Promise<void>;
}

/** Of one load. The largest bundle takes some seconds from a slow disk. */
export const LOAD_MS_MAX = 30_000;

/** Resolves after the first attempt, with or without a model. */
export async function startBundleLoader(options: BundleLoaderOptions): Promise<BundleLoader> {
  const loader = new PollingBundleLoader(options);
  await loader.reload();
  loader.start();
  return loader;
}

class PollingBundleLoader implements BundleLoader {
  readonly #options: BundleLoaderOptions;
  #model: BundleModel | null = null;
  /** Of the folder's state that was last judged; null: whatever it is, it is to be read. */
  #fingerprint: string | null = null;
  #loading: Promise<void> = Promise.resolve();
  /** Of the load that the system is busy with, also beyond its time. */
  #underWay: AbortController | null = null;
  #timer: TimerHandle = null;
  #isClosed = false;

  constructor(options: BundleLoaderOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#isClosed) return;
    const { timers, pollIntervalMs } = this.#options;
    this.#timer = timers.schedule(pollIntervalMs, () => {
      this.#enqueue().then(() => this.start());
    });
  }

  readonly current = (): BundleModel | null => this.#model;

  readonly reload = (): Promise<void> =>
    this.#enqueue(() => {
      this.#fingerprint = null;
    });

  readonly close = async (): Promise<void> => {
    this.#isClosed = true;
    this.#options.timers.cancel(this.#timer);
    this.#underWay?.abort();
  };

  #enqueue(prepare?: () => void): Promise<void> {
    this.#loading = this.#loading.then(() => {
      prepare?.();
      return this.#load();
    });
    return this.#loading;
  }

  async #load(): Promise<void> {
    if (this.#isClosed || this.#underWay !== null) return;
    const { timers, observer } = this.#options;
    const load = new AbortController();
    this.#underWay = load;
    const limit = timers.schedule(LOAD_MS_MAX, () => {
      load.abort(new BundleRefused('unreadable', `not read within ${LOAD_MS_MAX / 1000} s`));
    });
    try {
      const model = await Promise.race([this.#read(load.signal), rejectionOf(load.signal)]);
      if (model !== null && !this.#isClosed) this.#serve(model);
    } catch (error) {
      if (this.#isClosed) return;
      if (load.signal.aborted) this.#fingerprint = null;
      observer.onRefused(asRefusal(error), this.#model);
    } finally {
      timers.cancel(limit);
    }
  }

  /** Null: it is as it was when last judged. */
  async #read(signal: AbortSignal): Promise<BundleModel | null> {
    const { folder, rules, versionMin, clock } = this.#options;
    try {
      // Taken before: a change while the bundle is read is seen by the next poll.
      const fingerprint = await fingerprintOf(folder, signal);
      if (fingerprint === this.#fingerprint) return null;
      this.#fingerprint = fingerprint;
      const from = this.#model?.version ?? versionMin;
      return await readBundle(folder, rules, { versionMin: from, nowMs: clock.wallMs(), signal });
    } finally {
      this.#underWay = null;
    }
  }

  #serve(model: BundleModel): void {
    const serving = this.#model;
    if (serving?.version === model.version) {
      if (serving.manifestBytes.equals(model.manifestBytes)) return;
      throw new BundleRefused('old-version', `another bundle of version ${model.version} is served`);
    }
    this.#model = model;
    this.#options.observer.onLoaded(model);
  }
}

function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function asRefusal(error: unknown): BundleRefused {
  return error instanceof BundleRefused ? error : new BundleRefused('unreadable', 'the load failed', { cause: error });
}

/** Names, sizes and times of what lies there; empty when it cannot be read. Rejects when `signal` is aborted only. */
async function fingerprintOf(folder: string, signal: AbortSignal): Promise<string> {
  const names = await readdir(folder).catch(() => []);
  const states: string[] = [];
  // One after the other: on a mount that hangs each would hold a thread.
  for (const name of names.sort()) {
    states.push(await stateOf(folder, name));
    signal.throwIfAborted();
  }
  signal.throwIfAborted();
  return states.join('\n');
}

/** A link to nowhere has a state too: what lies beside it must go on being looked at. */
async function stateOf(folder: string, name: string): Promise<string> {
  try {
    const { ino, size, mtimeMs } = await stat(join(folder, name));
    return `${name}:${ino}:${size}:${mtimeMs}`;
  } catch {
    return `${name}:unreadable`;
  }
}
