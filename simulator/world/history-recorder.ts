/** Writes the history of a world down while it runs, for the checks. */
import type { History, Observation, ProcessAtRest, Rest, WorldFacts } from './history.ts';
import type { World } from './world.ts';
import type { WorldWatch } from './world-watch.ts';

export interface HistoryOptions {
  readonly facts: WorldFacts;
  /** Virtual ms; null: it is not healed. */
  readonly healedAtMs: number | null;
}

/** After the last request everything that is about one is over; money waits for longer. */
const QUIET_SEC = 35;
/** The last engine is stopped so long before the end: it sweeps the ledger until then. */
const LAST_STOP_SEC = 10;
/** Of an engine: what it says itself. */
const UNDER_WAY = 'rtb_inflight_requests';

export class HistoryRecorder {
  readonly #options: HistoryOptions;
  readonly #observations: Observation[] = [];
  readonly #storedEventIds = new Set<string>();
  readonly #timersAtStart = new Map<string, number>();
  /** To DSPs, by process. */
  readonly #callsUnderWay = new Map<string, Set<string>>();
  #world: World | null = null;
  readonly #processesAtRest: ProcessAtRest[] = [];

  constructor(options: HistoryOptions) {
    this.#options = options;
  }

  readonly watch: Partial<WorldWatch> = {
    observe: (seen) => {
      this.#observations.push(seen);
      switch (seen.kind) {
        case 'process-started':
          this.#timersAtStart.set(seen.process, this.#timersOf(seen.process));
          return;
        case 'process-ended':
          this.#callsUnderWay.delete(seen.process);
          return;
        case 'call-sent':
          this.#callsOf(seen.process).add(seen.callId);
          return;
        case 'call-over':
          for (const calls of this.#callsUnderWay.values()) calls.delete(seen.callId);
          return;
      }
    },
    onStored: (_process, records) => {
      // Where there are services they are asked at the end what they still have.
      if (this.#world?.services === null) for (const record of records) this.#storedEventIds.add(idOf(record));
    },
  };

  /** Of `RunOptions`. */
  readonly prepare = (world: World): void => {
    this.#world = world;
    const { durationSec, settleSec } = world.scenario;
    const { healedAtMs } = this.#options;
    const tell = (kind: 'healed' | 'traffic-ended', atMs: number): void =>
      world.at(atMs, () => world.observe({ kind, atMs }));
    if (healedAtMs !== null) tell('healed', healedAtMs);
    tell('traffic-ended', durationSec * 1000);
    if (!this.#comesToRest()) return;
    world.at((durationSec + QUIET_SEC) * 1000, () => void this.#lookAtProcesses(world));
    world.at((durationSec + QUIET_SEC) * 1000 + 1, () =>
      stopAll(world, world.engines.filter(({ isListening }) => isListening).slice(1)),
    );
    world.at((durationSec + settleSec - LAST_STOP_SEC) * 1000, () => stopAll(world, world.engines));
  };

  /** When the run is over. */
  async history(traceHash: string): Promise<History> {
    const world = this.#world!;
    const { facts } = this.#options;
    if (!this.#comesToRest()) return { facts, observations: this.#observations, rest: null, traceHash };
    for await (const record of world.services?.storedEvents() ?? []) this.#storedEventIds.add(idOf(record));
    const rest: Rest = {
      atMs: world.loop.nowMs,
      accounts: world.services?.books.accounts() ?? [],
      processes: this.#processesAtRest,
      storedEventIds: this.#storedEventIds,
    };
    return { facts, observations: this.#observations, rest, traceHash };
  }

  /** Whether there is time for that between the last request and the end. */
  #comesToRest(): boolean {
    return this.#world!.scenario.settleSec > QUIET_SEC + LAST_STOP_SEC;
  }

  async #lookAtProcesses({ engines }: World): Promise<void> {
    for (const { name, gavel } of engines) {
      if (gavel === null) continue;
      const timers = this.#timersOf(name);
      const timersAtStart = this.#timersAtStart.get(name) ?? 0;
      const callsUnderWay = this.#callsOf(name).size;
      const requestsUnderWay = (await gavel.metric(UNDER_WAY))?.values[0]?.value ?? 0;
      this.#processesAtRest.push({ process: name, timers, timersAtStart, callsUnderWay, requestsUnderWay });
    }
  }

  #callsOf(process: string): Set<string> {
    const calls = this.#callsUnderWay.get(process) ?? new Set();
    this.#callsUnderWay.set(process, calls);
    return calls;
  }

  #timersOf(process: string): number {
    const world = this.#world!;
    return world.processesNamed(process).reduce((sum, each) => sum + world.loop.pendingOf(each), 0);
  }
}

/** In order: all that they hold goes back then. */
function stopAll(world: World, engines: World['engines']): void {
  for (const engine of engines) world.loop.schedule(engine.process, world.loop.nowMs, () => void engine.stop());
}

/** Of an outcome event; of any other record something that is none. */
function idOf(record: Uint8Array): string {
  const { id = '' } = JSON.parse(Buffer.from(record).toString('utf8')) as { readonly id?: string };
  return id;
}
