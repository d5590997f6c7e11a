/**
 * The model of this process: loads a bundle, serves it, and swaps it for a newer one when the folder changes. A swap is
 * one assignment between two scorings; a request that holds the old model keeps it. A bundle that is refused changes
 * nothing: the last good model is served on, also beyond its expiry, since none at all would be worse; the observer is
 * told.
 *
 * The folder is polled: notifications of file systems get lost on network mounts and renamed links. A publisher should
 * rename a finished folder into place; one that copies file by file is refused until it is done.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalModel } from '../../engine/estimation/served-model.ts';
import type { Clock, TimerHandle, Timers } from '../../engine/ports/clock.ts';
import { type BundleModel, BundleRefused, type BundleRules, readBundle } from './bundle.ts';

export interface BundleObserver {
  readonly onLoaded: (model: BundleModel) => void;
  /** `serving` is the last good model, null when there never was one. Once for each state of the folder. */
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
  /** Looks at the folder now, as on a signal; a load under way is waited for first. Never rejects. */
  readonly reload: () => Promise<void>;
  readonly close: () => Promise<void>;
}

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
  /** Of the folder's state that was last judged. */
  #fingerprint = '';
  #loading: Promise<void> = Promise.resolve();
  #timer: TimerHandle = null;
  #isClosed = false;

  constructor(options: BundleLoaderOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#isClosed) return;
    const { timers, pollIntervalMs } = this.#options;
    this.#timer = timers.schedule(pollIntervalMs, () => {
      this.#enqueue(() => this.#loadIfChanged()).then(() => this.start());
    });
  }

  readonly current = (): BundleModel | null => this.#model;

  readonly reload = (): Promise<void> => this.#enqueue(() => this.#load());

  readonly close = async (): Promise<void> => {
    this.#isClosed = true;
    this.#options.timers.cancel(this.#timer);
    await this.#loading;
  };

  #enqueue(load: () => Promise<void>): Promise<void> {
    this.#loading = this.#loading.then(load);
    return this.#loading;
  }

  async #loadIfChanged(): Promise<void> {
    if (this.#isClosed) return;
    if ((await fingerprintOf(this.#options.folder)) !== this.#fingerprint) await this.#load();
  }

  async #load(): Promise<void> {
    const { folder, rules, versionMin, clock, observer } = this.#options;
    // Taken before: a change while the bundle is read is seen by the next poll.
    this.#fingerprint = await fingerprintOf(folder);
    try {
      const model = await readBundle(folder, rules, {
        versionMin: this.#model?.version ?? versionMin,
        nowMs: clock.wallMs(),
      });
      this.#serve(model);
    } catch (error) {
      const refusal =
        error instanceof BundleRefused ? error : new BundleRefused('unreadable', String(error), { cause: error });
      observer.onRefused(refusal, this.#model);
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

/** Names, sizes and times of what lies there; empty when it cannot be read. */
async function fingerprintOf(folder: string): Promise<string> {
  try {
    const names = (await readdir(folder)).sort();
    const states = await Promise.all(
      names.map(async (name) => {
        const { ino, size, mtimeMs } = await stat(join(folder, name));
        return `${name}:${ino}:${size}:${mtimeMs}`;
      }),
    );
    return states.join('\n');
  } catch {
    return '';
  }
}
