/**
 * The checker outside: what it says is made of its own SQL and of what HTTP answered, not of anything that an engine
 * computed. Money is nanos.
 */
import { checkLedger } from '../../../adapters/ledger/checks.ts';
import type { Win } from './traffic.ts';

/** A connection: a `pg` client is one. `bigint` comes as such. */
export interface WitnessConnection {
  readonly query: (sql: string, parameters?: unknown[]) => Promise<{ readonly rows: readonly unknown[] }>;
}

export interface Balance {
  readonly id: string;
  readonly unit: string;
  readonly budget: bigint;
  readonly available: bigint;
  readonly tranched: bigint;
  readonly leased: bigint;
  readonly reserved: bigint;
  readonly spent: bigint;
  readonly absorbed: bigint;
}

export class Witness {
  /** What was seen to be wrong, in words. */
  readonly problems: string[] = [];
  samples = 0;
  readonly #database: WitnessConnection;
  /** Spend above a budget that was cut later: it may stand, it may not grow. */
  readonly #above = new Map<string, bigint>();
  /** Every budget that was asked for by HTTP. */
  readonly #budgets = new Map<string, Set<bigint>>();

  constructor(database: WitnessConnection) {
    this.#database = database;
  }

  /** Before it is asked for. */
  expectBudget(accountId: string, budget: bigint): void {
    const known = this.#budgets.get(accountId);
    if (known === undefined) this.#budgets.set(accountId, new Set([budget]));
    else known.add(budget);
  }

  async balances(): Promise<readonly Balance[]> {
    return (await this.#database.query('SELECT * FROM account ORDER BY id')).rows as Balance[];
  }

  /** The balances of one moment. */
  async sample(): Promise<void> {
    this.samples++;
    for (const balance of await this.balances()) this.#look(balance);
  }

  #look({ id, budget, available, tranched, leased, reserved, spent }: Balance): void {
    const all = available + tranched + leased + reserved + spent;
    if (all !== budget && (all < budget || available !== 0n)) {
      this.problems.push(`${id}: balances of ${all} with a budget of ${budget}`);
    }
    if (this.#budgets.get(id)?.has(budget) === false) this.problems.push(`${id}: nobody set a budget of ${budget}`);
    if (spent <= budget) {
      this.#above.delete(id);
      return;
    }
    const before = this.#above.get(id) ?? spent;
    this.#above.set(id, before);
    const wasAllowed = [...(this.#budgets.get(id) ?? [])].some((allowed) => spent <= allowed);
    if (!wasAllowed || spent > before) this.problems.push(`${id}: spent ${spent} of ${budget}`);
  }

  /** The whole journal, and each win that was answered. `mayBeLost`: its seller was killed before it had even written it down. */
  async audit(wins: readonly Win[], mayBeLost: (win: Win) => boolean): Promise<AuditResult> {
    await this.sample();
    for (const { check, row } of await checkLedger(queryable(this.#database))) {
      this.problems.push(
        `${check}: ${JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? `${value}` : value))}`,
      );
    }
    for (const [what, sql] of OWN_CHECKS) {
      for (const row of (await this.#database.query(sql)).rows) {
        this.problems.push(`${what}: ${Object.values(row as object).join(' ')}`);
      }
    }
    return this.#compare(wins, mayBeLost);
  }

  async #compare(wins: readonly Win[], mayBeLost: (win: Win) => boolean): Promise<AuditResult> {
    const { rows } = await this.#database.query(
      `SELECT c.key, c.state, c.amount, c.account_id, t.at_ms FROM charge c
       LEFT JOIN transfer t ON t.key = c.key AND t.kind = 'reserve' WHERE c.account_id IS NOT NULL`,
    );
    const charges = new Map<string, Charge>((rows as Charge[]).map((row) => [row.key, row]));
    const result = {
      charged: 0,
      billed: 0,
      absorbed: 0,
      expired: 0,
      released: 0,
      reserved: 0,
      lost: 0,
      unheard: 0,
      unpaid: 0,
      toldMsMax: 0,
    };
    for (const win of wins) {
      const key = `${win.auctionId}/1/impression`;
      const charge = charges.get(key);
      charges.delete(key);
      if (charge === undefined) {
        result.lost++;
        if (!mayBeLost(win)) this.problems.push(`win ${key} of ${win.seller.name}: the ledger has never heard of it`);
        continue;
      }
      result.charged++;
      if (charge.at_ms !== null) result.toldMsMax = Math.max(result.toldMsMax, Number(charge.at_ms) - win.wallMs);
      if (charge.state !== 'refunded') result[charge.state]++;
      // Billed, or too late for that and our cost.
      if (win.reportedAtMs !== null && charge.state !== 'billed' && charge.state !== 'absorbed') {
        result.unpaid++;
        this.problems.push(`win ${key}: reported, and yet ${charge.state}`);
      }
      const isGuaranteed = charge.account_id.includes('/');
      const answered = isGuaranteed ? 1n : BigInt(Math.round(win.price * 1e6));
      if (charge.amount !== answered) {
        this.problems.push(`win ${key}: ${charge.state} ${charge.amount}, answered ${answered}`);
      }
    }
    // Answers that their readers never got.
    result.unheard = charges.size;
    return result;
  }
}

interface Charge {
  readonly key: string;
  readonly state: 'reserved' | 'billed' | 'absorbed' | 'expired' | 'released' | 'refunded';
  readonly amount: bigint;
  readonly account_id: string;
  /** When it was reserved; null: it never was. */
  readonly at_ms: bigint | null;
}

/** Of the wins that were answered. */
export interface AuditResult {
  readonly charged: number;
  readonly billed: number;
  readonly absorbed: number;
  readonly expired: number;
  readonly released: number;
  readonly reserved: number;
  /** The ledger does not know them. */
  readonly lost: number;
  /** Charges whose answer nobody got. */
  readonly unheard: number;
  /** Reported, and yet nobody pays. */
  readonly unpaid: number;
  /** From an answer until its reservation was in the ledger. */
  readonly toldMsMax: number;
}

/** Written without a look at those of the ledger. */
const OWN_CHECKS: readonly (readonly [string, string])[] = [
  [
    'spent more than the budget of the moment',
    `SELECT account_id, id FROM (
      SELECT t.*, sum(CASE kind WHEN 'bill' THEN amount WHEN 'refund' THEN -amount ELSE 0 END)
        OVER (PARTITION BY account_id ORDER BY id ROWS UNBOUNDED PRECEDING) AS so_far
      FROM transfer t) AS journal WHERE kind = 'bill' AND so_far > budget`,
  ],
  [
    'not what the journal says was spent',
    `SELECT a.id, a.spent FROM account a WHERE a.spent <> (
      SELECT coalesce(sum(CASE kind WHEN 'bill' THEN amount ELSE -amount END), 0)
      FROM transfer t WHERE t.account_id = a.id AND kind IN ('bill', 'refund'))`,
  ],
  [
    'not what is billed by charge',
    `SELECT a.id, a.spent FROM account a WHERE a.spent <> (
      SELECT coalesce(sum(amount), 0) FROM charge c WHERE c.account_id = a.id AND state = 'billed')`,
  ],
  ['billed twice', `SELECT key FROM transfer WHERE kind IN ('bill', 'absorb') GROUP BY key HAVING count(*) > 1`],
  [
    'more than the day allows',
    'SELECT account_id, day, spent, budget FROM account_day WHERE budget IS NOT NULL AND spent > budget',
  ],
  [
    'publishers and we have not what advertisers owe',
    `SELECT s.account_id FROM publisher_share s JOIN account a ON a.id = s.account_id AND a.unit = 'nanos'
     GROUP BY s.account_id, a.spent, a.absorbed HAVING sum(s.payable + s.fee) <> a.spent + a.absorbed`,
  ],
];

/** For what asks in the ledger's own way. */
export function queryable(client: WitnessConnection): Parameters<typeof checkLedger>[0] {
  return {
    query: async <Result>(sql: string, parameters?: readonly unknown[]) =>
      (await client.query(sql, [...(parameters ?? [])])).rows as Result[],
    script: async (sql) => {
      await client.query(sql);
    },
  };
}
