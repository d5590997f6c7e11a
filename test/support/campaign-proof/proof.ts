/**
 * Engines, Redis and PostgreSQL under load while one after the other is killed, emptied, set back or cut off, and budgets
 * are changed meanwhile. A witness looks at the database all the time; who judges it is the test.
 */
import { type SeededRandom, seededRandom } from '../../../simulator/random.ts';
import { BID, book, change, GOAL, SOLD } from './bookings.ts';
import { type Engine, type Fleet, startFleet } from './engines.ts';
import { type HurtPostgres, type HurtRedis, startHurtRedis } from './services.ts';
import { pause, Traffic, type Win } from './traffic.ts';
import { type AuditResult, type Balance, Witness } from './witness.ts';

export interface ProofOptions {
  readonly postgres: HurtPostgres;
  readonly engines: number;
  /** Faults go on for so long, in whole rounds of all of them. */
  readonly seconds: number;
  readonly seed: number;
  /** Sells on after the faults, until the budgets are spent and what dead processes held has come back and is spent, too. */
  readonly spendsAll: boolean;
}

export interface ProofResult {
  /** Must be empty. */
  readonly problems: readonly string[];
  readonly audit: AuditResult;
  /** Spent or reserved in the end, of the budget, by account that supply allows to be spent. */
  readonly delivered: Readonly<Record<string, number>>;
  /** Times of each fault. */
  readonly faults: Readonly<Record<string, number>>;
  /** The longest from a fault's end until every engine has sold again, by fault, ms. */
  readonly recoveryMs: Readonly<Record<string, number>>;
  readonly samples: number;
  readonly wins: number;
  readonly requests: number;
  /** Whose engine died or was late. */
  readonly unanswered: number;
  /** Outcomes that were answered 2xx, with those sent twice. */
  readonly reports: number;
  readonly reportsRefused: number;
  readonly reportMsMax: number;
}

const HELD_MS = 20_000;
/** Behind the held time and a sweep. */
const LATE_MS = 26_000;
const SAMPLE_EVERY_MS = 100;
const CLIENTS = 15;
const CLIENT_PAUSE_MS = 60;
const RECOVERY_MS_MAX = 30_000;
/** Twice the term, billing horizon and sweep of a lease whose holder is dead. */
const END_MS_MAX = 200_000;
/** Behind its answer an auction has reached the event log after so long, on the busiest machine. */
const WRITTEN_MS = 1000;
/** What was won last is told, and what is known of it by then is billed. */
const SETTLE_MS = 3000;
const PATCHES_MAX = 20;
const PATCH_AGAIN_MS = 200;
const NANOS = 1_000_000_000;

interface Kill {
  readonly engine: Engine;
  readonly life: number;
  /** What was won later may not have been written down. */
  readonly sinceMs: number;
}

export async function runProof(options: ProofOptions): Promise<ProofResult> {
  const redis = await startHurtRedis();
  try {
    const fleet = await startFleet(options.engines, {
      databaseUrl: options.postgres.url,
      redisUrl: redis.url,
      held: { bannerMs: HELD_MS },
    });
    try {
      return await new Proof(options, redis, fleet).run();
    } finally {
      await fleet.close();
    }
  } finally {
    await redis.stop();
  }
}

class Proof {
  readonly #options: ProofOptions;
  readonly #redis: HurtRedis;
  readonly #engines: readonly Engine[];
  readonly #random: SeededRandom;
  readonly #witness: Witness;
  readonly #kills: Kill[] = [];
  readonly #times: Record<string, number> = {};
  readonly #recoveryMs: Record<string, number> = {};

  constructor(options: ProofOptions, redis: HurtRedis, { engines }: Fleet) {
    this.#options = options;
    this.#redis = redis;
    this.#engines = engines;
    this.#random = seededRandom(options.seed).fork('faults');
    this.#witness = new Witness(options.postgres.witness);
  }

  async run(): Promise<ProofResult> {
    for (const { name, budget } of SOLD) this.#witness.expectBudget(name, nanos(Number(budget)));
    this.#witness.expectBudget('sold/sold', BigInt(GOAL));
    await book(this.#engines[0]!);
    const stopLooking = this.#keepLooking();
    const traffic = new Traffic({
      engines: this.#engines,
      placements: SOLD.map(({ name }) => name),
      floorMax: BID - 0.02,
      clients: CLIENTS,
      pauseMs: CLIENT_PAUSE_MS,
      lateMs: LATE_MS,
      random: seededRandom(this.#options.seed).fork('traffic'),
    });
    let delivered: Readonly<Record<string, number>>;
    try {
      await this.#untilAllSell(traffic, 'start');
      const untilMs = performance.now() + this.#options.seconds * 1000;
      do await this.#round(traffic);
      while (performance.now() < untilMs);
      delivered = this.#options.spendsAll ? await this.#untilSpent(traffic) : {};
    } finally {
      await traffic.finish();
      await pause(SETTLE_MS);
      await stopLooking();
    }
    const onDisk = new Set((await Promise.all(this.#engines.map((engine) => engine.auctionsOnDisk()))).flat());
    const audit = await this.#witness.audit(
      traffic.wins,
      (win) => this.#wasKilledBehind(win) && !onDisk.has(win.auctionId),
    );
    return {
      problems: this.#witness.problems,
      audit,
      delivered,
      faults: this.#times,
      recoveryMs: this.#recoveryMs,
      samples: this.#witness.samples,
      wins: traffic.wins.length,
      ...traffic.counts,
    };
  }

  /** Every fault once, in an order of its own. */
  async #round(traffic: Traffic): Promise<void> {
    for (const [name, fault] of this.#shuffled(Object.entries(this.#faults))) {
      await fault();
      this.#times[name] = (this.#times[name] ?? 0) + 1;
      await this.#untilAllSell(traffic, name);
    }
  }

  readonly #faults: Readonly<Record<string, () => Promise<void>>> = {
    'engine killed': async () => {
      const engine = this.#any();
      await this.#kill(engine);
      await engine.start();
    },
    'Redis killed': async () => {
      await this.#redis.kill();
      await pause(this.#random.uniform(0, 1500));
      await this.#redis.restart();
    },
    'Redis emptied': () => this.#redis.flush(),
    'Redis an older copy': async () => {
      const becomeCopy = await this.#redis.copy();
      await pause(this.#random.uniform(300, 2000));
      await becomeCopy();
    },
    'Redis and an engine killed': async () => {
      const engine = this.#any();
      await Promise.all([this.#redis.kill(), this.#kill(engine)]);
      await this.#redis.restart();
      await engine.start();
    },
    'connections to PostgreSQL cut': () => this.#options.postgres.dropConnections(),
    'PostgreSQL away, an engine killed meanwhile': async () => {
      const engine = this.#any();
      await this.#outage(async () => {
        await pause(this.#random.uniform(300, 1500));
        await this.#kill(engine);
      });
      await engine.start();
    },
    'budget raised': () => this.#changeBudget((spent, out) => spent + out + this.#random.uniform(0.02, 0.06)),
    'budget cut': () => this.#changeBudget((spent, out) => spent + out * this.#random.next()),
    'paused and resumed': async () => {
      await this.#patch('campaigns/paused', { status: 'paused' });
      await pause(this.#random.uniform(0, 500));
      await this.#patch('campaigns/paused', { status: 'active' });
    },
  };

  async #kill(engine: Engine): Promise<void> {
    const { life } = engine;
    this.#kills.push({ engine, life, sinceMs: performance.now() - WRITTEN_MS });
    await engine.kill();
  }

  async #outage(during: () => Promise<void>): Promise<void> {
    const { postgres } = this.#options;
    await postgres.setOpen(false);
    await postgres.dropConnections();
    try {
      await during();
    } finally {
      await postgres.setOpen(true);
    }
  }

  async #changeBudget(budgetOf: (spent: number, out: number) => number): Promise<void> {
    const { spent, tranched, leased, reserved } = (await this.#witness.balances()).find(({ id }) => id === 'changed')!;
    const budget = budgetOf(Number(spent) / NANOS, Number(tranched + leased + reserved) / NANOS).toFixed(9);
    this.#witness.expectBudget('changed', nanos(Number(budget)));
    await this.#patch('campaigns/changed', { budget });
  }

  async #patch(path: string, body: object): Promise<void> {
    // As a person does: whoever is just being cut off from its database is asked again.
    for (let attempt = 1; ; attempt++) {
      try {
        return await change(this.#any(), 'PATCH', path, body);
      } catch (error) {
        if (attempt === PATCHES_MAX) throw error;
        await pause(PATCH_AGAIN_MS);
      }
    }
  }

  #any(): Engine {
    return this.#engines[this.#random.integer(0, this.#engines.length - 1)]!;
  }

  #shuffled<Value>(values: readonly Value[]): Value[] {
    return values
      .map((value) => ({ value, at: this.#random.next() }))
      .sort((a, b) => a.at - b.at)
      .map(({ value }) => value);
  }

  async #untilAllSell(traffic: Traffic, after: string): Promise<void> {
    const healedAtMs = performance.now();
    const isSelling = (engine: Engine): boolean => traffic.winsSince(healedAtMs, engine, 'steady') > 0;
    while (!this.#engines.every(isSelling)) {
      if (performance.now() > healedAtMs + RECOVERY_MS_MAX) {
        const silent = this.#engines.filter((engine) => !isSelling(engine));
        for (const { name, words } of silent) {
          this.#witness.problems.push(`${name} sells nothing after "${after}": ${words.slice(-2000)}`);
        }
        return;
      }
      await pause(20);
    }
    const ms = Math.round(performance.now() - healedAtMs);
    this.#recoveryMs[after] = Math.max(this.#recoveryMs[after] ?? 0, ms);
  }

  /** All that living processes may spend: to the last price. */
  async #untilSpent(traffic: Traffic): Promise<Readonly<Record<string, number>>> {
    traffic.seesAll = true;
    const untilMs = performance.now() + END_MS_MAX;
    for (;;) {
      const balances = await this.#witness.balances();
      const delivered = Object.fromEntries(
        balances.filter(({ id }) => FINITE.includes(id)).map((balance) => [balance.id, shareOf(balance)]),
      );
      const isDone = Object.values(delivered).every((share) => share >= DELIVERED_MIN);
      if (isDone || performance.now() > untilMs) return delivered;
      await pause(SAMPLE_EVERY_MS);
    }
  }

  #wasKilledBehind({ seller, life, atMs }: Win): boolean {
    return this.#kills.some((kill) => kill.engine === seller && kill.life === life && atMs > kill.sinceMs);
  }

  #keepLooking(): () => Promise<void> {
    let isOver = false;
    const looking = (async () => {
      while (!isOver) {
        await this.#witness.sample();
        await pause(SAMPLE_EVERY_MS);
      }
    })();
    return async () => {
      isOver = true;
      await looking;
    };
  }
}

const DELIVERED_MIN = 0.99;

/** Accounts whose budget supply allows. */
const FINITE: readonly string[] = ['spent', 'sold/sold'];

function shareOf({ budget, spent, reserved }: Balance): number {
  return Number(spent + reserved) / Number(budget);
}

function nanos(dollars: number): bigint {
  return BigInt(Math.round(dollars * NANOS));
}
