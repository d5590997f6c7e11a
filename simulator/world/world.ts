/**
 * A world: engines, DSPs and publishers in one real process, on one virtual loop, with a network between them. It is put
 * together here from its scenario and its seed, and from nothing else.
 */
import type { GuardedHttp } from '../../compose.ts';
import { connectionsTo } from '../../config/engine-options.ts';
import type { Config } from '../../config/types.ts';
import { dspsOf } from '../dsp/scenario.ts';
import { BookedWorth } from '../market/booked-worth.ts';
import { Market } from '../market/market.ts';
import { MarketAudience } from '../market/market-audience.ts';
import { type SeededRandom, seededRandom } from '../random.ts';
import { Arrivals } from './arrivals.ts';
import { type Audience, PlainAudience } from './audience.ts';
import { ConsumerNode } from './consumer-node.ts';
import { type DspBehaviour, noticeOriginOf, ScenarioDsp } from './dsp-behaviour.ts';
import { DspNode } from './dsp-node.ts';
import { WorldTransport } from './dsp-transport.ts';
import { EngineNode, type WorldOutside } from './engine-node.ts';
import { Failover } from './failover.ts';
import type { Observation } from './history.ts';
import { Network } from './network.ts';
import { offersIn } from './offers.ts';
import type { ProductObserver } from './product-node.ts';
import { Publishers } from './publishers.ts';
import { Region } from './region.ts';
import { bookingsOf, dspScenarioOf, engineConfig, type FailoverScenario, type WorldScenario } from './scenario.ts';
import { WorldServices } from './services.ts';
import { storeLink } from './store-link.ts';
import { linkTraits } from './topology.ts';
import { VirtualLoop } from './virtual-loop.ts';
import { type ProcessRole, VirtualProcess } from './virtual-process.ts';
import { worldEventLog } from './world-event-log.ts';
import { createWorldHttp } from './world-http.ts';
import type { WorldWatch } from './world-watch.ts';

export interface WorldOptions {
  readonly scenario: WorldScenario;
  readonly seed: number;
  /** All that is to be seen, in the order in which it happens. */
  readonly watch: WorldWatch;
}

export interface Reporting {
  /** How much later they come. */
  readonly lateMs: number;
  /** How often each of them comes. */
  readonly repeats: number;
}

export class World {
  readonly scenario: WorldScenario;
  readonly seed: number;
  readonly loop = new VirtualLoop();
  readonly network: Network;
  readonly engines: readonly EngineNode[];
  readonly consumers: readonly ConsumerNode[];
  /** Null: it has no campaigns, and nobody bills. */
  readonly services: WorldServices | null;
  readonly regions: readonly Region[];
  /** In the order of the regions. */
  readonly publishers: readonly Publishers[];
  readonly dsps: ReadonlyMap<string, DspNode>;
  /** Null: nobody looks after the health of engines. */
  readonly failover: Failover | null;
  readonly audience: Audience;
  readonly arrivals: Pick<Arrivals, 'nextAfter'>;
  /** Null: DSPs and users that do not behave. */
  readonly market: Market | null;
  readonly watch: WorldWatch;
  /** What an engine meets in place of what is outside of it: for bugs that are planted, to see that they are found. */
  tamper: (outside: WorldOutside, engine: VirtualProcess) => WorldOutside = (outside) => outside;
  /** What is wrong with the reports of users now. */
  reporting: Reporting = { lateMs: 0, repeats: 1 };
  readonly #random: SeededRandom;
  readonly #epochMs: number;
  readonly #processes = new Map<string, VirtualProcess>();
  readonly #director: VirtualProcess;
  /** By seat, as offers name it. */
  readonly #buyers = new Map<string, string>();

  constructor({ scenario, seed, watch }: WorldOptions) {
    this.scenario = scenario;
    this.seed = seed;
    this.watch = watch;
    this.#random = seededRandom(seed);
    this.#epochMs = Date.parse(scenario.startAt);
    this.#director = this.spawn('director', 'director', null);
    this.network = new Network({
      loop: this.loop,
      wire: this.spawn('wire', 'wire', null),
      traitsOf: linkTraits(scenario.network),
      random: this.random('network'),
    });
    this.market = this.#openMarket();
    this.dsps = new Map(this.#behaviours().map((dsp) => [dsp.id, new DspNode(this.spawn(dsp.id, 'dsp', null), dsp)]));
    ({ audience: this.audience, arrivals: this.arrivals } = this.#people());
    const config = this.#engineConfig();
    this.services = scenario.campaigns === undefined ? null : this.#openServices(config);
    this.consumers = Array.from({ length: this.services === null ? 0 : scenario.consumers }, (_, index) =>
      this.#consumer(`consumer-${index + 1}`, config),
    );
    this.regions = scenario.regions.map(({ name, share, engines, spareEngines = 0 }) => {
      const names = Array.from({ length: engines + spareEngines }, (_, index) => `${name}-${index + 1}`);
      return new Region(
        name,
        share,
        this.spawn(`publishers-${name}`, 'publishers', name),
        names.map((engineName, index) => this.#engine(engineName, { region: name, isSpare: index >= engines, config })),
      );
    });
    this.engines = this.regions.flatMap(({ engines }) => engines);
    this.failover = scenario.failover === undefined ? null : this.#openFailover(scenario.failover);
    this.publishers = this.regions.map((region) => new Publishers(this, region));
  }

  /** Processes of the product: engines and consumers. */
  get nodes(): readonly (EngineNode | ConsumerNode)[] {
    return [...this.engines, ...this.consumers];
  }

  /** A stream of this name: the same for the same seed. */
  random(name: string): SeededRandom {
    return this.#random.fork(name);
  }

  /** Epoch ms by a clock that is right. */
  get wallMs(): number {
    return this.#epochMs + this.loop.nowMs;
  }

  /** The DSP that offers under this name of a seat; the name itself when none does. */
  buyerOf(seat: string): string {
    return this.#buyers.get(seat) ?? seat;
  }

  /** A process of a name of its own. */
  spawn(name: string, role: ProcessRole, region: string | null): VirtualProcess {
    if (this.#processes.has(name)) throw new Error(`two processes of this world are called "${name}"`);
    const random = this.#random.fork('process').fork(name);
    const process = new VirtualProcess({ loop: this.loop, name, role, region, random, epochMs: this.#epochMs });
    this.#processes.set(name, process);
    return process;
  }

  /** That of this name, or all of the region of this name. */
  processesNamed(target: string): VirtualProcess[] {
    return [...this.#processes.values()].filter(({ name, region }) => name === target || region === target);
  }

  /** Does something to the world at this moment, virtual ms: faults begin so, and figures are taken. */
  at(atMs: number, work: () => void): void {
    this.loop.schedule(this.#director, atMs, work);
  }

  /** As if it came from outside of the processes of the world. */
  asDirector(work: () => void): void {
    const { current } = this.loop;
    this.loop.current = this.#director;
    work();
    this.loop.current = current;
  }

  observe(observation: Observation): void {
    this.watch.observe(observation);
  }

  #openMarket(): Market | null {
    const { demand } = this.scenario.market;
    if (demand === undefined) return null;
    return new Market(demand, {
      ...this.scenario.traffic,
      seed: this.seed,
      startAtMs: this.#epochMs,
      currency: engineConfig(this.scenario, [], this.scenario.name).exchange.currency,
      noticeOriginOf,
    });
  }

  #people(): { readonly audience: Audience; readonly arrivals: Pick<Arrivals, 'nextAfter'> } {
    if (this.market !== null) {
      const audience = new MarketAudience(this.market, new BookedWorth(bookingsOf(this.scenario)), this.seed);
      return { audience, arrivals: audience };
    }
    const { requestsPerSec, shape } = this.scenario.traffic;
    return {
      audience: new PlainAudience(this.random('audience'), this.scenario.traffic),
      arrivals: new Arrivals({ requestsPerSec, shape, startMs: this.#epochMs, random: this.random('arrivals') }),
    };
  }

  #behaviours(): readonly DspBehaviour[] {
    if (this.market !== null) return this.market.dsps;
    const random = this.random('dsps');
    const scenario = dspScenarioOf(this.scenario);
    return dspsOf(scenario, this.scenario.market.dsps).map((dsp) => new ScenarioDsp(dsp, random.fork(dsp.id)));
  }

  /** Of all engines; secrets come from the seed. */
  #engineConfig(): Config {
    const secrets = this.spawn('secrets', 'director', null).entropy();
    const dsps = [...this.dsps.values()].map(({ behaviour: { id, version, pricing } }) => ({
      id,
      url: `${noticeOriginOf(id)}/bid`,
      version,
      pricing,
    }));
    return engineConfig(
      this.scenario,
      [
        ['dsps', dsps],
        ['events.tracking.baseUrl', 'https://tracking.example'],
        ['events.tracking.key', secrets.newId()],
        ['events.userSecret', secrets.newId()],
        ...(this.scenario.campaigns === undefined ? [] : campaignSettings(secrets.newId())),
      ],
      this.scenario.name,
    );
  }

  #openServices(config: Config): WorldServices {
    const { network, loop } = this;
    return new WorldServices({
      config,
      random: this.random('services'),
      spawn: (name) => this.spawn(name, 'store', null),
      linkBetween: (from, store, timeoutMs) => storeLink({ network, from, store, timeoutMs }),
      nowMs: () => loop.nowMs,
      onMoney: (seen) => this.observe(seen),
      onTopic: (payloads) => this.watch.onStored('kafka', payloads),
    });
  }

  #consumer(name: string, config: Config): ConsumerNode {
    return new ConsumerNode({
      loop: this.loop,
      process: this.spawn(name, 'consumer', null),
      config,
      openOutside: (process) => ({
        ...this.services!.outsideOf(process),
        openGuardedHttp: () => this.#guardedHttp(process),
      }),
      observer: this.#observerOf(name, 'consumer'),
    });
  }

  #observerOf(process: string, role: 'engine' | 'consumer'): ProductObserver {
    return {
      onStarted: () => this.observe({ kind: 'process-started', atMs: this.loop.nowMs, process, role }),
      onEnded: (how) => this.observe({ kind: 'process-ended', atMs: this.loop.nowMs, process, how }),
      onFault: (error) => this.watch.onFault(process, error),
    };
  }

  #guardedHttp(process: VirtualProcess): GuardedHttp {
    return createWorldHttp({
      engine: process,
      network: this.network,
      dsps: this.dsps,
      onNotice: (dspId, { kind, url }) =>
        this.observe({ kind: 'notice-arrived', atMs: this.loop.nowMs, notice: kind, dspId, url }),
    });
  }

  #openFailover(scenario: FailoverScenario): Failover {
    const { network, regions } = this;
    return new Failover({
      scenario,
      process: this.spawn('balancer', 'balancer', null),
      network,
      regions,
      onState: (subject, state) => this.observe({ kind: 'failover', atMs: this.loop.nowMs, subject, state }),
    });
  }

  #engine(
    name: string,
    { region, isSpare, config }: { readonly region: string; readonly isSpare: boolean; readonly config: Config },
  ): EngineNode {
    const observer = this.#observerOf(name, 'engine');
    const engine: EngineNode = new EngineNode({
      loop: this.loop,
      process: this.spawn(name, 'engine', region),
      config,
      openOutside: (process) => this.tamper(this.#outside(process, config), process),
      cpuMsPerAuction: this.scenario.cpuMsPerAuction,
      isSpare,
      observer: {
        ...observer,
        onEnded: (how) => {
          observer.onEnded(how);
          for (const publishers of this.publishers) publishers.engineEnded(engine);
        },
      },
    });
    return engine;
  }

  #outside(engine: VirtualProcess, config: Config): WorldOutside {
    const { network, dsps, loop } = this;
    const connections = new Map(
      config.dsps.map((dsp) => [dsp.id, connectionsTo(dsp, config) + config.dspDefaults.waitingMax]),
    );
    return {
      transport: new WorldTransport({
        engine,
        network,
        dsps,
        inFlightMax: (dspId) => connections.get(dspId) ?? 0,
        observer: {
          onSent: (callId, { dspId }, requestId, tmaxMs) =>
            this.observe({
              kind: 'call-sent',
              atMs: loop.nowMs,
              callId,
              process: engine.name,
              dspId,
              requestId,
              tmaxMs,
            }),
          onArrived: (callId, { dspId }, { result }, { reply }) => {
            const status = result.kind === 'answered' ? result.status : 0;
            const offers = result.kind === 'answered' ? offersIn(reply, dsps.get(dspId)!.behaviour.pricing) : [];
            for (const { seat } of offers) this.#buyers.set(seat, dspId);
            this.observe({ kind: 'reply-arrived', atMs: loop.nowMs, callId, status, offers });
          },
          onResult: (_callId, { dspId }, result) => this.watch.onCallResult(dspId, result),
          onOver: (callId) => this.observe({ kind: 'call-over', atMs: loop.nowMs, callId }),
        },
      }),
      openGuardedHttp: () => this.#guardedHttp(engine),
      ...(this.services?.outsideOf(engine) ?? {
        eventLog: worldEventLog(engine, (records) => this.watch.onStored(engine.name, records)),
      }),
    };
  }
}

/** That there are such services; where they are, nobody asks. */
function campaignSettings(capSecret: string): readonly (readonly [path: string, value: unknown])[] {
  return [
    ['campaigns.enabled', true],
    ['campaigns.databaseUrl', 'postgres://ledger/gavel'],
    ['campaigns.redisUrl', 'redis://redis:6379'],
    ['campaigns.frequency.secret', capSecret],
    ['counters.enabled', true],
    ['counters.redisUrl', 'redis://redis:6379'],
    ['events.kafka.brokers', 'kafka:9092'],
    // There is none of these in a world.
    ['events.fastFilter.redisUrl', ''],
    ['estimation.model.cache.redisUrl', ''],
    ['events.segmentBytesMax', SEGMENT_BYTES],
    ['events.totalBytesMax', LOG_BYTES],
  ];
}

/** A world's disk is memory. */
const SEGMENT_BYTES = 512 * 1024;
const LOG_BYTES = 64 * 1024 * 1024;
