/**
 * BudgetStore in Redis, for all processes. Commands are never queued while Redis is away and never sent twice behind the
 * caller's back: who asks decides whether to ask again, with the same request id. A Redis that may evict keys is refused.
 */
import type { Redis, Result } from 'ioredis';
import type { LeaseGrant, Tranche } from '../../engine/ports/budget-ledger.ts';
import {
  type BudgetStore,
  BudgetStoreError,
  type GrantResult,
  type LeaseWanted,
} from '../../engine/ports/budget-store.ts';
import { createRedisClient } from '../redis-client.ts';
import { DEMANDS, FENCE, GRANT, INSTALL } from './redis-scripts.ts';
import { ANSWER_KEPT_MS, DEMAND_KEPT_MS, IDLE_KEPT_MS } from './retention.ts';

export interface RedisBudgetStoreOptions {
  /** `redis://` or `rediss://`, with credentials if there are any. */
  readonly url: string;
  /** Before all keys, to share a Redis with others: `gavel:`. Without braces: the account is the hash tag. */
  readonly keyPrefix: string;
  /** A command that takes longer has failed (`late`), ms. */
  readonly commandTimeoutMs: number;
  /** Connection lost, refused, an evicting policy found later; commands meanwhile reject by themselves. */
  readonly onError: (error: Error) => void;
}

type Argument = string | number;

declare module 'ioredis' {
  interface RedisCommander<Context> {
    grantLease(tranche: string, demands: string, answer: string, ...args: Argument[]): Result<string[], Context>;
    installTranche(tranche: string, ...args: Argument[]): Result<null, Context>;
    fenceTranche(tranche: string, ...args: Argument[]): Result<null, Context>;
    leaseDemands(demands: string, keptMs: number): Result<string[], Context>;
  }
}

/**
 * Resolves once connected; also when Redis cannot be reached, which is tried again and again from then on. Rejects with
 * `evicting` when its `maxmemory-policy` is not `noeviction`: leases would vanish under memory pressure.
 */
export async function openRedisBudgetStore(options: RedisBudgetStoreOptions): Promise<BudgetStore> {
  const store = new RedisBudgetStore(options);
  await store.connect();
  return store;
}

class RedisBudgetStore implements BudgetStore {
  readonly #options: RedisBudgetStoreOptions;
  readonly #redis: Redis;
  /** Why no command may be sent; null: the policy of this connection's Redis was looked at and is right. */
  #obstacle: BudgetStoreError | null = notConnected();
  #policyCheck: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: RedisBudgetStoreOptions) {
    this.#options = options;
    this.#redis = createRedisClient(options.url, options.commandTimeoutMs);
    this.#redis.defineCommand('grantLease', { lua: GRANT, numberOfKeys: 3 });
    this.#redis.defineCommand('installTranche', { lua: INSTALL, numberOfKeys: 1 });
    this.#redis.defineCommand('fenceTranche', { lua: FENCE, numberOfKeys: 1 });
    this.#redis.defineCommand('leaseDemands', { lua: DEMANDS, numberOfKeys: 1 });
    this.#redis.on('error', options.onError);
    this.#redis.on('ready', () => {
      this.#policyCheck = this.#checkPolicy();
    });
    this.#redis.on('close', () => {
      this.#obstacle ??= notConnected();
    });
  }

  async connect(): Promise<void> {
    try {
      await this.#redis.connect();
    } catch {
      // It is an `error` event too, and is tried again.
      return;
    }
    await this.#policyCheck;
    if (this.#obstacle?.code !== 'evicting') return;
    this.#redis.disconnect();
    throw this.#obstacle;
  }

  readonly install = async ({ accountId, epoch, amount, budgetLeft }: Tranche): Promise<void> => {
    const key = this.#key(accountId, 'tranche');
    await this.#run(() => this.#redis.installTranche(key, epoch, amount, budgetLeft, IDLE_KEPT_MS));
  };

  readonly grant = async (wanted: LeaseWanted): Promise<GrantResult> => {
    const { requestId, accountId, processId, amount, amountMin } = wanted;
    const [kind, ...numbers] = await this.#run(() =>
      this.#redis.grantLease(
        this.#key(accountId, 'tranche'),
        this.#key(accountId, 'demands'),
        this.#key(accountId, `answer:${requestId}`),
        processId,
        amount,
        amountMin,
        ANSWER_KEPT_MS,
        DEMAND_KEPT_MS,
        IDLE_KEPT_MS,
      ),
    );
    return kind === 'granted' ? granted(wanted, numbers.map(Number)) : noTranche(numbers.map(Number));
  };

  readonly fence = async (accountId: string, epoch: number): Promise<void> => {
    const key = this.#key(accountId, 'tranche');
    await this.#run(() => this.#redis.fenceTranche(key, epoch, IDLE_KEPT_MS));
  };

  readonly leave = async (accountId: string, processId: string): Promise<void> => {
    await this.#run(() => this.#redis.hdel(this.#key(accountId, 'demands'), processId));
  };

  readonly shares = async (accountId: string): Promise<ReadonlyMap<string, number>> => {
    const found = await this.#run(() => this.#redis.leaseDemands(this.#key(accountId, 'demands'), DEMAND_KEPT_MS));
    const shares = new Map<string, number>();
    let demand = 0;
    for (let index = 1; index < found.length; index += 2) demand += Number(found[index]);
    for (let index = 0; index < found.length; index += 2) shares.set(found[index]!, Number(found[index + 1]) / demand);
    return shares;
  };

  readonly close = async (): Promise<void> => {
    this.#isClosed = true;
    this.#redis.disconnect();
  };

  /** Of every connection: the next one may be to another server. */
  async #checkPolicy(): Promise<void> {
    try {
      const policy = /^maxmemory_policy:(\S+)/m.exec(await this.#redis.info('memory'))?.[1];
      this.#obstacle = policy === 'noeviction' ? null : evicting(policy);
      if (this.#obstacle !== null) this.#options.onError(this.#obstacle);
    } catch (error) {
      if (this.#isClosed) return;
      this.#options.onError(error as Error);
      this.#redis.disconnect(true);
    }
  }

  async #run<T>(command: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new BudgetStoreError('closed', 'the budget store is closed');
    if (this.#obstacle !== null) throw this.#obstacle;
    try {
      return await command();
    } catch (error) {
      const { message } = error as Error;
      throw new BudgetStoreError(message === 'Command timed out' ? 'late' : 'unavailable', message, { cause: error });
    }
  }

  #key(accountId: string, name: string): string {
    return `${this.#options.keyPrefix}{${accountId}}:${name}`;
  }
}

function granted(
  { accountId, requestId, processId, termMs }: LeaseWanted,
  [epoch, sequence, amount, remaining]: readonly number[],
): GrantResult {
  const grant: LeaseGrant = {
    accountId,
    epoch: epoch!,
    sequence: sequence!,
    requestId,
    processId,
    amount: amount!,
    termMs,
  };
  return { kind: 'granted', grant, remaining: remaining! };
}

function noTranche([epoch, demand]: readonly number[]): GrantResult {
  return { kind: 'no-tranche', epoch: epoch!, demand: demand! };
}

function notConnected(): BudgetStoreError {
  return new BudgetStoreError('unavailable', 'not connected to Redis');
}

function evicting(policy: string | undefined): BudgetStoreError {
  return new BudgetStoreError('evicting', `maxmemory-policy is ${policy}: it must be noeviction`);
}
