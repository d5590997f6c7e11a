/**
 * Engines, Redis and PostgreSQL under load while one after the other is killed, emptied, set back or cut off, and budgets
 * are changed meanwhile. A witness looks at the database all the time; who judges it is the test.
 */
import { seededRandom, type SeededRandom } from '../../../simulator/random.ts';
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
  /** At the end, until the ledger has taken back what dead processes held. */
  readonly waitsForDead: boolean;
}

export interface ProofResult {
  /** Must be empty. */
  readonly problems: readonly string[];
  readonly audit: AuditResult;
  /** Spent or reserved when supply had lasted, of what was not stranded, by account. */
  readonly delivered: Readonly<Record<string, number>>;
  /** Times of each fault. */
  readonly faults: Readonly<Record<string, number>>;
  /** The longest from a fault's end until every engine has sold again, by fault, ms. */
  readonly recoveryMs: Readonly<Record<string, number>>;
  /** Of leases, what nobody can spend before the ledger has it back, by account. */
  readonly stranded: ReadonlyMap<string, bigint>;
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

const HELD_MS = 3000;
/** Behind the held time and a sweep. */
const LATE_MS = 9000;
const SAMPLE_EVERY_MS = 100;
const CLIENTS = 15;
const CLIENT_PAUSE_MS = 60;
const RECOVERY_MS_MAX = 30_000;
const END_MS_MAX = 40_000;
/** Term, billing horizon and sweep of a lease whose holder is dead. */
const DEAD_MS = 100_000;
/** What a living engine tells the ledger has arrived after so long. */
const TOLD_MS = 6000;
const PATCHES_MAX = 20;
const PATCH_AGAIN_MS = 200;
const NANOS = 1_000_000_000;

interface Kill {
  readonly engine: Engine;
  readonly life: number;
  /** What was won later may be lost with it. */
  readonly sinceMs: number;
}

export async function runProof(options: ProofOptions): Promise<ProofResult> {
  const redis = await startHurtRedis();
  try {
    const fleet = await startFleet(options.engines, {
      databaseUrl: options.postgres.url,
      redisUrl: redis.url,
      heldMs: HELD_MS,
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
  #outageSinceMs: number | null = null;

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
      delivered = await this.#untilSpent(traffic);
    } finally {
      await traffic.finish();
      await pause(TOLD_MS);
      await stopLooking();
    }
    const audit = await this.#witness.audit(traffic.wins, (win) => this.#mayBeLost(win));
    return {
      problems: this.#witness.problems,
      audit,
      delivered,
      faults: this.#times,
      recoveryMs: this.#recoveryMs,
      stranded: await this.#stranded(),
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
    const sinceMs = Math.min(this.#outageSinceMs ?? Number.POSITIVE_INFINITY, performance.now()) - TOLD_MS;
    this.#kills.push({ engine, life, sinceMs });
    await engine.kill();
  }

  async #outage(during: () => Promise<void>): Promise<void> {
    const { postgres } = this.#options;
    this.#outageSinceMs = performance.now();
    await postgres.setOpen(false);
    await postgres.dropConnections();
    try {
      await during();
    } finally {
      await postgres.setOpen(true);
      this.#outageSinceMs = null;
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
    const untilMs = performance.now() + END_MS_MAX + (this.#options.waitsForDead ? DEAD_MS : 0);
    for (;;) {
      const balances = await this.#witness.balances();
      const stranded = this.#options.waitsForDead ? NOTHING : await this.#stranded();
      const delivered = Object.fromEntries(
        balances.filter(({ id }) => FINITE.includes(id)).map((balance) => [balance.id, shareOf(balance, stranded)]),
      );
      const isDone = Object.values(delivered).every((share) => share >= DELIVERED_MIN);
      if (isDone || performance.now() > untilMs) return delivered;
      await pause(SAMPLE_EVERY_MS);
    }
  }

  /** What dead processes hold, and of the living what lapsed in their leases, and rests that pay no price. */
  async #stranded(): Promise<ReadonlyMap<string, bigint>> {
    const { rows } = await this.#options.postgres.witness.query(
      `SELECT account_id, sum(CASE WHEN split_part(reverse(process_id), '-', 2) = ANY($1) AND unspent >= price
           THEN least(unspent, lapsed) ELSE unspent END)::bigint AS stranded
       FROM (SELECT l.account_id, l.process_id, CASE WHEN l.account_id LIKE '%/%' THEN 1 ELSE $2::bigint END AS price, l.amount - l.reserved - l.billed - l.returned AS unspent,
           (SELECT coalesce(sum(t.amount), 0) FROM transfer t WHERE t.account_id = l.account_id AND t.kind = 'release'
             AND t.epoch = l.epoch AND t.sequence = l.sequence) AS lapsed
         FROM lease l WHERE l.state <> 'closed') AS held GROUP BY account_id`,
      [this.#engines.map(({ pid }) => [...String(pid)].reverse().join('')), nanos(BID / 1000)],
    );
    return new Map(rows.map(({ account_id, stranded }) => [account_id, stranded]));
  }

  #mayBeLost({ seller, life, atMs }: Win): boolean {
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

const NOTHING: ReadonlyMap<string, bigint> = new Map();
const DELIVERED_MIN = 0.99;

/** Accounts whose budget supply allows. */
const FINITE: readonly string[] = ['spent', 'sold/sold'];

/** Spent or reserved, of what is not stranded. */
function shareOf({ id, budget, spent, reserved }: Balance, stranded: ReadonlyMap<string, bigint>): number {
  return Number(spent + reserved) / Number(budget - (stranded.get(id) ?? 0n));
}

function nanos(dollars: number): bigint {
  return BigInt(Math.round(dollars * NANOS));
}
