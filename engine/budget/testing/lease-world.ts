/**
 * Several processes that spend from the same accounts in virtual time, and everything that may go wrong between them, the
 * store and the ledger. Product code: `LocalAccount`, `LeaseKeeper`, the budget store, and the ledger unless it is the
 * model. One seed is one run. Promises broken on purpose (`Break`) show that the checks see them.
 */
import { type SeededRandom, seededRandom } from '../../../simulator/random.ts';
import type { BillResult, Reservation } from '../../ports/budget-ledger.ts';
import type { LocalReservation } from '../local-account.ts';
import { LedgerModel, type LedgerUnderTest } from './ledger-model.ts';
import { MoneyChecker, MoneyError } from './money-checker.ts';
import { SimulatedProcess } from './simulated-process.ts';
import { type LinkFaults, NO_LINK_FAULTS } from './unreliable-link.ts';
import { VirtualTime } from './virtual-time.ts';
import { type Break, type OpenStore, type StoreUnderTest, WORLD, WORLD_POLICY } from './world-options.ts';

export interface WorldReport {
  readonly wins: number;
  readonly billed: number;
  readonly crashes: number;
  readonly flushes: number;
  readonly failovers: number;
  readonly budgetChanges: number;
  /** Of the accounts that could be spent to the end, the largest rest. */
  readonly restMax: number;
}

interface BookedAccount {
  readonly accountId: string;
  readonly budget: number;
  readonly dailyBudget: number | null;
}

/** Throws a `MoneyError` when a check fails. */
export async function runLeaseWorld(
  seed: number,
  openStore: OpenStore,
  planted: Break | null,
  openLedger: OpenLedger = openModel,
): Promise<WorldReport> {
  const time = new VirtualTime();
  const clock = { wallMs: () => time.nowMs, monotonicMs: () => time.nowMs };
  const store = await openStore(clock);
  try {
    return await new LeaseWorld(seed, time, { store, ledger: await openLedger(time) }, planted).run();
  } catch (error) {
    if (error instanceof MoneyError) error.message = `seed ${seed}, ${Math.round(time.nowMs)} ms: ${error.message}`;
    throw error;
  } finally {
    await store.close();
  }
}

/** Calls that are real ones count as `realCalls`. */
export type OpenLedger = (time: VirtualTime) => Promise<LedgerUnderTest>;

const openModel: OpenLedger = async (time) => {
  const { dayMs, billingHorizonMs } = WORLD;
  return new LedgerModel({ nowMs: () => time.nowMs, dayMs, billingHorizonMs });
};

class LeaseWorld {
  readonly #time: VirtualTime;
  readonly #random: SeededRandom;
  readonly #store: StoreUnderTest;
  readonly #planted: Break | null;
  readonly #ledger: LedgerUnderTest;
  readonly #checker: MoneyChecker;
  readonly #accounts: BookedAccount[];
  readonly #faults: LinkFaults;
  /** Auctions won a second, by place; the process there may be replaced. */
  readonly #traffic: number[];
  readonly #processes: SimulatedProcess[] = [];
  /** Accounts whose budget was cut: what is out then may come to be ours to pay. */
  readonly #cut = new Set<string>();
  /** As changed last. */
  readonly #budgets = new Map<string, number>();
  readonly #billedKeys = new Set<string>();
  readonly #servedAtMs = new Map<string, number>();
  readonly #counts = { wins: 0, billed: 0, crashes: 0, flushes: 0, failovers: 0, budgetChanges: 0 };
  #isHealed = false;
  #failure: Error | null = null;
  #storeDownUntilMs = 0;
  #ledgerDownUntilMs = 0;
  #born = 0;

  constructor(
    seed: number,
    time: VirtualTime,
    { store, ledger }: { readonly store: StoreUnderTest; readonly ledger: LedgerUnderTest },
    planted: Break | null,
  ) {
    const random = seededRandom(seed).fork('leases');
    this.#time = time;
    this.#random = random;
    this.#store = store;
    this.#planted = planted;
    this.#ledger = ledger;
    this.#checker = new MoneyChecker(ledger);
    this.#accounts = Array.from({ length: random.integer(1, 2) }, (_, index) => this.#book(`account-${index}`));
    const rate = (most: number): number => (random.chance(0.5) ? random.uniform(0, most) : 0);
    this.#faults = { lostRequest: rate(0.1), lostReply: rate(0.2), repeated: rate(0.3), slow: rate(0.2) };
    // One hot process and some cold ones, or all alike.
    const cold = random.pick([0.05, 0.3, 1]);
    this.#traffic = Array.from({ length: random.integer(1, 5) }, (_, index) => (index === 0 ? 8 : 8 * cold));
  }

  async run(): Promise<WorldReport> {
    const { faultsUntilMs, endsAtMs } = WORLD;
    for (const account of this.#accounts) await this.#ledger.addAccount({ ...account, unit: 'nanos' });
    for (const _ of this.#traffic) this.#processes.push(this.#spawn());
    this.#traffic.forEach((perSec, place) => {
      this.#nextWin(place, perSec);
    });
    this.#nextAccident();
    this.#sweep();
    await this.#time.run(faultsUntilMs, () => this.#check());
    this.#heal();
    await this.#time.run(endsAtMs, () => this.#check());
    await this.#checker.checkFigures();
    return { ...this.#counts, restMax: await this.#restMax() };
  }

  /** After every event. */
  #check(): void {
    if (this.#failure !== null) throw this.#failure;
    this.#checker.check();
  }

  #book(accountId: string): BookedAccount {
    const budget = this.#random.integer(20, 120) * WORLD.priceMax;
    const dailyBudget = this.#random.chance(0.4) ? Math.floor(budget / this.#random.integer(2, 5)) : null;
    this.#checker.addAccount(accountId, budget, dailyBudget);
    return { accountId, budget, dailyBudget };
  }

  #spawn(): SimulatedProcess {
    const processId = `process-${this.#born++}`;
    return new SimulatedProcess({
      processId,
      time: this.#time,
      random: this.#random.fork(processId),
      store: this.#store.connect(),
      ledger: this.#ledger,
      faults: () => (this.#isHealed ? NO_LINK_FAULTS : this.#faults),
      isStoreDown: () => this.#time.nowMs < this.#storeDownUntilMs,
      isLedgerDown: () => this.#time.nowMs < this.#ledgerDownUntilMs,
      accountIds: this.#accounts.map(({ accountId }) => accountId),
      policy: WORLD_POLICY,
      planted: this.#planted,
      onBilled: (told, bills) => this.#onBilled(told, bills),
    });
  }

  /** Faults end. What was paused goes on; supply is plenty, so that whatever is left is left by us. */
  #heal(): void {
    this.#isHealed = true;
    this.#storeDownUntilMs = 0;
    this.#ledgerDownUntilMs = 0;
    for (const { accountId } of this.#accounts) {
      void this.#ledger.setStatus(accountId, 'active');
      this.#resume(accountId);
    }
    this.#traffic.forEach((_, place) => {
      this.#nextWin(place, 12);
    });
  }

  #nextWin(place: number, perSec: number): void {
    this.#time.schedule(this.#random.exponential(1000 / perSec), () => {
      this.#win(this.#processes[place]!);
      this.#nextWin(place, perSec);
    });
  }

  /** From winning to the bill: between any two steps the process may die, and none of them need happen. */
  #win(process: SimulatedProcess): void {
    if (!process.isAlive) return;
    const random = this.#random;
    const { accountId } = random.pick(this.#accounts);
    const account = process.accounts.get(accountId)!;
    const key = `win-${this.#counts.wins++}`;
    const reserved = account.reserve(key, random.integer(1, WORLD.priceMax), WORLD.lapseMs, process.nowMs());
    if (typeof reserved === 'string') return;
    this.#checker.reserved(reserved, this.#time.nowMs);
    if (!this.#isHealed && random.chance(0.002)) this.#crash(process);
    this.#time.schedule(random.uniform(1, 100), () => {
      if (!process.isAlive) return;
      if (!this.#isHealed && random.chance(0.1)) this.#release(process, reserved);
      else this.#serve(process, reserved);
    });
  }

  #release(process: SimulatedProcess, reserved: LocalReservation): void {
    const released = process.accounts.get(reserved.lease.accountId)!.release(reserved.key);
    if (released?.isLocal) this.#checker.released(reserved);
  }

  #serve(process: SimulatedProcess, reserved: LocalReservation): void {
    const { key, lease, lapsesAtMs } = reserved;
    const random = this.#random;
    const lapsesInMs = lapsesAtMs - process.nowMs();
    this.#servedAtMs.set(key, this.#time.nowMs);
    process.served(reserved);
    if (!this.#isHealed && random.chance(0.002)) this.#crash(process);
    if (!this.#isHealed && random.chance(0.15)) return;
    // Some come when they do not count any more.
    const afterMs = this.#isHealed ? random.exponential(200) : random.exponential(WORLD.lapseMs / 4);
    const times = random.chance(0.1) ? 3 : 1;
    for (let time = 0; time < times; time++) {
      const isInTime = time === 0 && afterMs < lapsesInMs;
      this.#time.schedule(afterMs + time * random.exponential(500), () => {
        this.#report({ key, accountId: lease.accountId, atMs: process.wallMs() }, isInTime).catch((error: Error) => {
          this.#failure ??= error;
        });
      });
    }
  }

  async #report(
    { key, accountId, atMs }: { readonly key: string; readonly accountId: string; readonly atMs: number },
    isInTime: boolean,
  ): Promise<void> {
    const [result] = await this.#ledger.billReports([{ key, atMs: Math.max(0, atMs), mayBecomeKnown: true }]);
    if (isInTime && result !== 'billed' && result !== 'parked' && !this.#cut.has(accountId))
      throw new MoneyError(`${key}, served in time, is ${result}`);
    if (result !== 'billed') return;
    if (this.#billedKeys.has(key)) throw new MoneyError(`${key} is billed twice`);
    this.#billedKeys.add(key);
    this.#counts.billed++;
  }

  /** What is told while its lease is open has its money. */
  #onBilled(told: readonly Reservation[], bills: readonly BillResult[]): void {
    this.#counts.billed += bills.filter((result) => result === 'billed').length;
    const isLate = ({ key }: Reservation) => this.#time.nowMs > this.#servedAtMs.get(key)! + WORLD.billingHorizonMs;
    if (told.some((each) => isLate(each) || this.#cut.has(each.accountId))) return;
    if (bills.includes('absorbed')) this.#failure ??= new MoneyError(`one of ${told[0]!.key} and on is absorbed`);
  }

  #sweep(): void {
    this.#time.schedule(1000, () => {
      if (this.#planted !== 'lose-returns') void this.#ledger.sweep(this.#time.nowMs);
      this.#sweep();
    });
  }

  #nextAccident(): void {
    this.#time.schedule(this.#random.exponential(2500), () => {
      if (this.#isHealed) return;
      this.#accident();
      this.#nextAccident();
    });
  }

  #accident(): void {
    const random = this.#random;
    const place = random.integer(0, this.#processes.length - 1);
    const account = random.pick(this.#accounts);
    const accidents = [
      () => this.#crash(this.#processes[place]!),
      () => this.#replaceInOrder(place),
      () => this.#flush(),
      () => this.#failOver(),
      () => {
        this.#storeDownUntilMs = this.#time.nowMs + random.uniform(0, 8000);
      },
      () => {
        this.#ledgerDownUntilMs = this.#time.nowMs + random.uniform(0, 8000);
      },
      () => {
        this.#processes[place]!.wallSkewMs = random.uniform(-3_600_000, 3_600_000);
      },
      () => this.#changeBudget(account),
      () => this.#pause(account),
    ];
    random.pick(accidents)();
  }

  #crash(process: SimulatedProcess): void {
    if (!process.isAlive) return;
    this.#counts.crashes++;
    process.crash();
    this.#time.schedule(this.#random.uniform(0, 2000), () => {
      const heir = this.#spawn();
      heir.recover(process);
      this.#processes[this.#processes.indexOf(process)] = heir;
    });
  }

  #replaceInOrder(place: number): void {
    const process = this.#processes[place]!;
    if (!process.isAlive) return;
    const heir = this.#spawn();
    this.#processes[place] = heir;
    void process.stop(3000).then(() => heir.recover(process));
  }

  #flush(): void {
    this.#counts.flushes++;
    void this.#really(() => this.#store.flush());
  }

  /** The replica that takes over has not seen the last two seconds or less. */
  #failOver(): void {
    this.#counts.failovers++;
    void this.#really(async () => {
      const restore = await this.#store.snapshot();
      this.#time.schedule(this.#random.uniform(0, 2000), () => void this.#really(restore));
    });
  }

  #changeBudget({ accountId, budget }: BookedAccount): void {
    const changed = Math.max(1, Math.floor(budget * this.#random.uniform(0.3, 1.5)));
    this.#checker.budgetChanges(accountId, changed);
    if (changed < (this.#budgets.get(accountId) ?? budget)) this.#cut.add(accountId);
    this.#budgets.set(accountId, changed);
    void this.#ledger.setBudget(accountId, changed);
    this.#counts.budgetChanges++;
  }

  #pause({ accountId }: BookedAccount): void {
    void this.#ledger.setStatus(accountId, 'paused');
    if (this.#random.chance(0.5)) for (const { accounts } of this.#processes) accounts.get(accountId)!.drain();
    this.#time.schedule(this.#random.uniform(0, 5000), () => {
      void this.#ledger.setStatus(accountId, 'active');
      this.#resume(accountId);
    });
  }

  #resume(accountId: string): void {
    for (const process of this.#processes) process.accounts.get(accountId)!.resume(process.nowMs());
  }

  async #really(work: () => Promise<void>): Promise<void> {
    this.#time.realCalls++;
    await work();
    this.#time.realCalls--;
  }

  async #restMax(): Promise<number> {
    let restMax = 0;
    for (const { accountId, dailyBudget } of this.#accounts) {
      if (dailyBudget !== null) continue;
      const [figures] = await this.#ledger.figures([accountId]);
      restMax = Math.max(restMax, Number(figures!.budget - figures!.spent));
    }
    return restMax;
  }
}
