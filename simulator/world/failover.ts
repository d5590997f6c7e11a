/**
 * What keeps traffic away from engines that are down: one balancer for all regions. It asks each engine how it is, answers clients
 * who ask for the way to their region, and has engines that stand by started where others have to take over.
 */
import type { EngineNode } from './engine-node.ts';
import { NameService } from './name-service.ts';
import type { Network } from './network.ts';
import type { Region } from './region.ts';
import type { FailoverScenario } from './scenario.ts';
import type { VirtualProcess } from './virtual-process.ts';

export interface FailoverOptions {
  readonly scenario: FailoverScenario;
  /** The balancer. */
  readonly process: VirtualProcess;
  readonly network: Network;
  readonly regions: readonly Region[];
  /** `state` null: as usual. */
  readonly onState: (subject: string, state: FailoverState | null) => void;
}

/**
 * Of a region that is lost: clients learn it (`redirecting`), all have learned it (`redirected`), it is back and they learn that
 * (`returning`). Of engines that stood by: ordered (`provisioning`), there (`provisioned`).
 */
export type FailoverState = 'redirecting' | 'redirected' | 'returning' | 'provisioning' | 'provisioned';

/** In the time after which an engine that has not answered is taken to be down. */
const CHECKS = 5;

export class Failover {
  readonly #options: FailoverOptions;
  readonly #names: NameService;
  readonly #detectMs: number;
  readonly #ttlMs: number;
  /** Virtual ms; of those that stand by: none. */
  readonly #answeredAtMs = new Map<EngineNode, number>();
  #alive: readonly Region[];
  /** What a region comes to when all its clients have heard of it. */
  readonly #settling = new Map<Region, unknown>();
  /** Engines on their way, by region. */
  readonly #orders = new Map<Region, unknown>();
  #untilMs = 0;

  constructor(options: FailoverOptions) {
    const { scenario, regions, process } = options;
    this.#options = options;
    this.#detectMs = scenario.detectSec * 1000;
    this.#ttlMs = scenario.dnsTtlSec * 1000;
    this.#alive = regions;
    this.#names = new NameService({ regions, ttlMs: this.#ttlMs, random: process.random.fork('names') });
  }

  /** Where a client goes whose own region is `home`. */
  regionFor(client: string, home: Region): Region {
    return this.#names.regionFor(client, home, this.#options.process.nowMs);
  }

  /** Looks after all engines until then, virtual ms: from there on nobody is sent anywhere. */
  begin(untilMs: number): void {
    this.#untilMs = untilMs;
    for (const { engines } of this.#options.regions) {
      for (const engine of engines) if (!engine.isStandby) this.#answeredAtMs.set(engine, 0);
    }
    this.#schedule(0, () => this.#check());
  }

  #check(): void {
    const { regions, process, network } = this.#options;
    this.#judge();
    for (const engine of regions.flatMap(({ engines }) => engines)) {
      if (engine.isStandby) continue;
      const onAnswer = (): void => {
        if (!engine.isStandby) this.#answeredAtMs.set(engine, process.nowMs);
      };
      const onArrival = (): void => {
        if (engine.isListening) network.send({ from: engine.process, to: process, onArrival: onAnswer });
      };
      network.send({ from: process, to: engine.process, onArrival });
    }
    this.#schedule(this.#detectMs / CHECKS, () => this.#check());
  }

  /** By the last answers. */
  #judge(): void {
    const { regions, process } = this.#options;
    for (const region of regions) {
      for (const engine of region.engines) {
        const answeredAtMs = this.#answeredAtMs.get(engine) ?? Number.NEGATIVE_INFINITY;
        region.setInRotation(engine, process.nowMs - answeredAtMs < this.#detectMs);
      }
    }
    const alive = regions.filter(({ isAlive }) => isAlive);
    const before = this.#alive;
    if (regions.every((region) => before.includes(region) === alive.includes(region))) return;
    this.#alive = alive;
    this.#names.answer(alive, process.nowMs);
    for (const region of regions) {
      if (before.includes(region) && !alive.includes(region)) this.#settle(region, 'redirecting', 'redirected');
      if (!before.includes(region) && alive.includes(region)) this.#settle(region, 'returning', null);
    }
    if (alive.length < regions.length) for (const region of alive) this.#order(region);
    else this.#cancelOrders();
  }

  /** Until all clients of the region have heard of the change it is in one state, and then in the other. */
  #settle(region: Region, first: FailoverState, then: FailoverState | null): void {
    const { process, onState } = this.#options;
    process.timers.cancel(this.#settling.get(region));
    onState(region.name, first);
    const settled = this.#schedule(this.#ttlMs, () => {
      onState(region.name, then);
      if (this.#alive.length === this.#options.regions.length) this.#release();
    });
    this.#settling.set(region, settled);
  }

  #order(region: Region): void {
    const standby = region.engines.filter(({ isStandby, process }) => isStandby && !process.isUp);
    if (standby.length === 0 || this.#orders.has(region)) return;
    const { scenario, onState } = this.#options;
    onState(sparesOf(region), 'provisioning');
    const order = this.#schedule(scenario.provisionSec * 1000, () => {
      this.#orders.delete(region);
      onState(sparesOf(region), region.isAlive ? 'provisioned' : null);
      // Where everything is down, nothing can be started either.
      if (region.isAlive) for (const engine of standby) engine.start();
    });
    this.#orders.set(region, order);
  }

  #cancelOrders(): void {
    const { process, onState } = this.#options;
    for (const [region, order] of this.#orders) {
      process.timers.cancel(order);
      onState(sparesOf(region), null);
    }
    this.#orders.clear();
  }

  /** All regions have their own clients again: what was started for others is taken out of rotation, and then stopped. */
  #release(): void {
    const { onState, regions } = this.#options;
    for (const region of regions) {
      const spares = region.engines.filter(({ isSpare, isStandby }) => isSpare && !isStandby);
      if (spares.length === 0) continue;
      onState(sparesOf(region), null);
      for (const engine of spares) {
        this.#answeredAtMs.delete(engine);
        region.setInRotation(engine, false);
        engine.retire(this.#detectMs);
      }
    }
  }

  #schedule(delayMs: number, task: () => void): unknown {
    const { process } = this.#options;
    return process.timers.schedule(delayMs, () => {
      if (process.nowMs < this.#untilMs) task();
    });
  }
}

function sparesOf({ name }: Region): string {
  return `spares of ${name}`;
}
