/** Runs a world from its first moment to its last. */

import { loadKafkaParts } from '../../compose.ts';
import { CampaignTally } from './books/campaign-figures.ts';
import { beginFault } from './faults/begin-fault.ts';
import { identityOf } from './identity.ts';
import { RunFigures } from './run-figures.ts';
import type { RunIdentity } from './run-identity.ts';
import { RUN_RECORD_VERSION, type RunRecord } from './run-record.ts';
import { bookingsOf, type WorldScenario } from './scenario.ts';
import { TraceHash } from './trace-hash.ts';
import { World } from './world.ts';
import { withWorldGlobals } from './world-globals.ts';
import { type WorldWatch, watchedBy } from './world-watch.ts';

export interface RunOptions {
  readonly seed: number;
  /** Where the scenario is from, for the command that repeats the run; absent: it was drawn. */
  readonly file?: string;
  /** After each interval. */
  readonly onProgress?: (progress: RunProgress) => void;
  /** Those who look at it besides. */
  readonly watches?: readonly Partial<WorldWatch>[];
  /** Changes the world before it begins: faults that no scenario has, planted bugs. */
  readonly prepare?: (world: World) => void;
}

export interface RunProgress {
  /** Virtual. */
  readonly untilMs: number;
  readonly durationMs: number;
  readonly requests: number;
}

/** Fault of the product itself: it has thrown where nobody caught it. */
export interface ProductFault {
  readonly process: string;
  readonly error: unknown;
}

/** Rejects with a `DeterminismError` when the product has asked for real time or chance, and when an engine cannot be started. */
export async function runWorld(scenario: WorldScenario, options: RunOptions): Promise<RunRecord> {
  const identity = identityOf(scenario, options);
  return new Run(scenario, options, identity).run();
}

class Run {
  readonly #scenario: WorldScenario;
  readonly #options: RunOptions;
  readonly #identity: RunIdentity;
  readonly #trace = new TraceHash();
  readonly #figures: RunFigures;
  readonly #campaigns = new CampaignTally();
  readonly #durationMs: number;
  readonly #world: World;
  readonly #faults: ProductFault[] = [];

  constructor(scenario: WorldScenario, options: RunOptions, identity: RunIdentity) {
    this.#scenario = scenario;
    this.#options = options;
    this.#identity = identity;
    this.#durationMs = scenario.durationSec * 1000;
    this.#figures = new RunFigures(scenario.intervalSec * 1000);
    const own: Partial<WorldWatch> = {
      observe: (observation) => this.#trace.observe(observation),
      onStored: (process, records) => this.#trace.records(process, records),
      onFault: (process, error) => this.#faults.push({ process, error }),
    };
    const watch = watchedBy([own, this.#figures, this.#campaigns, ...(options.watches ?? [])]);
    this.#world = new World({ scenario, seed: options.seed, watch });
  }

  async run(): Promise<RunRecord> {
    const world = this.#world;
    await this.#openServices();
    this.#figures.begin(world);
    this.#options.prepare?.(world);
    await withWorldGlobals(world.loop, async () => {
      try {
        await this.#live();
      } finally {
        for (const node of [...world.engines, ...world.consumers]) node.kill();
      }
    });
    const figures = this.#figures.record(this.#durationMs);
    return {
      kind: 'run',
      version: RUN_RECORD_VERSION,
      identity: this.#identity,
      durationMs: this.#durationMs,
      startedAtMs: Date.parse(this.#scenario.startAt),
      traceHash: this.#trace.digest(),
      ledgerHash: world.services?.books.ledgerHash() ?? '',
      ...figures,
      campaigns: this.#campaigns.figures(),
      checks: [],
      calibration: world.market?.calibration() ?? null,
    };
  }

  async #live(): Promise<void> {
    const world = this.#world;
    for (const node of [...world.consumers, ...world.engines]) if (!node.isStandby) node.start();
    world.failover?.begin(this.#durationMs);
    this.#letFaultsBegin();
    this.#sampleStates();
    await world.loop.run(world.services === null ? 0 : STARTING_MS);
    this.#requireStarted();
    this.#letTrafficFlow();
    await this.#passIntervals();
    await world.loop.run(this.#durationMs + this.#scenario.settleSec * 1000);
  }

  async #openServices(): Promise<void> {
    const { services } = this.#world;
    if (services === null) return;
    await loadKafkaParts();
    await services.book(bookingsOf(this.#scenario));
  }

  /** What cannot be started while nothing is wrong never could. */
  #requireStarted(): void {
    if (this.#scenario.faults.some(({ fromSec }) => fromSec * 1000 <= STARTING_MS)) return;
    const failed = this.#world.nodes.map(({ name, startError }) => ({ process: name, error: startError }));
    for (const { process, error } of [...this.#faults, ...failed.filter(({ error }) => error !== null)]) {
      throw new Error(`${process} could not be started: ${String(error)}`, { cause: error });
    }
  }

  #letFaultsBegin(): void {
    const world = this.#world;
    for (const fault of this.#scenario.faults) {
      const fromMs = fault.fromSec * 1000;
      world.at(fromMs, () => {
        const end = beginFault(world, fault);
        if (fault.forSec !== undefined) world.at(fromMs + fault.forSec * 1000, end);
      });
    }
  }

  /** What engines are in, now and then: between two looks nobody sees a change. */
  #sampleStates(): void {
    const world = this.#world;
    const everyMs = Math.max(SAMPLE_MS_MIN, (this.#scenario.intervalSec * 1000) / SAMPLES_PER_INTERVAL);
    const sample = (): void => {
      void this.#figures.sampleStates();
      world.at(world.loop.nowMs + everyMs, sample);
    };
    world.at(0, sample);
  }

  #letTrafficFlow(): void {
    const world = this.#world;
    const places = world.random('places');
    const sources = world.regions.map((region, index) => ({
      weight: region.share,
      region,
      publishers: world.publishers[index]!,
    }));
    let index = 0;
    const arriveAfter = (atMs: number): void => {
      const nextMs = world.arrivals.nextAfter(atMs);
      if (nextMs >= this.#durationMs) return;
      const { region, publishers } = places.pickWeighted(sources);
      world.loop.schedule(region.publishers, nextMs, () => {
        publishers.send(world.audience.request(index++, nextMs));
        arriveAfter(nextMs);
      });
    };
    arriveAfter(world.loop.nowMs);
  }

  async #passIntervals(): Promise<void> {
    const world = this.#world;
    const intervalMs = this.#scenario.intervalSec * 1000;
    for (let untilMs = intervalMs; ; untilMs += intervalMs) {
      const endMs = Math.min(untilMs, this.#durationMs);
      await world.loop.run(endMs);
      await this.#figures.endInterval();
      await this.#campaigns.endInterval(world);
      this.#options.onProgress?.({ untilMs: endMs, durationMs: this.#durationMs, requests: this.#figures.requests });
      if (endMs === this.#durationMs) return;
    }
  }
}

const SAMPLES_PER_INTERVAL = 20;
const SAMPLE_MS_MIN = 1_000;
/** What engines with campaigns take to be there before the first request, and much more. */
const STARTING_MS = 1_000;
