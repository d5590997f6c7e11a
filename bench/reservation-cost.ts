/** What a win costs at its campaign: reserved from a lease, and billed some impressions later. Simulated time. */
import { LEASE_POLICY_DEFAULTS } from '../engine/budget/lease-policy.ts';
import { LocalAccount } from '../engine/budget/local-account.ts';
import { seededRandom } from '../simulator/random.ts';
import { type BenchContext, type Measurement, median } from './measurement.ts';

const ACCOUNTS = 1000;
/** Open at any time, of all accounts. */
const OPEN = 20_000;
const PRICE_MAX = 5_000_000;
const LAPSE_MS = 900_000;
const TIMINGS = 11;

export function measureReservation({ scale, seed, progress }: BenchContext): Measurement[] {
  const rig = new ReservationRig(seed);
  rig.usPerWin(scale.functionMs * 5);
  const timings = Array.from({ length: TIMINGS }, () => rig.usPerWin(scale.functionMs));
  progress(
    `reserve.us: ${rig.wins} wins of ${ACCOUNTS} accounts, slowest timing ${Math.max(...timings).toFixed(2)} us`,
  );
  return [{ name: 'reserve.us', value: median(timings), unit: 'us' }];
}

class ReservationRig {
  wins = 0;
  readonly #accounts: LocalAccount[];
  readonly #prices: number[];
  /** Ring of wins that wait for their impression. */
  readonly #openKeys: string[] = new Array<string>(OPEN).fill('');
  readonly #openAccounts: LocalAccount[];
  #nowMs = 0;

  constructor(seed: number) {
    const random = seededRandom(seed).fork('reservation');
    this.#accounts = Array.from({ length: ACCOUNTS }, (_, index) => accountWithLease(`campaign-${index}`));
    this.#prices = Array.from({ length: 4096 }, () => random.integer(1, PRICE_MAX));
    this.#openAccounts = new Array<LocalAccount>(OPEN).fill(this.#accounts[0]!);
  }

  /** Keys are as long as real ones: an auction's id and a position's. Making them is part of the time. */
  usPerWin(atLeastMs: number): number {
    const before = this.wins;
    const startedAtMs = performance.now();
    let elapsedMs: number;
    do {
      for (let win = 0; win < 1000; win++) this.#win();
      elapsedMs = performance.now() - startedAtMs;
    } while (elapsedMs < atLeastMs);
    return (elapsedMs * 1000) / (this.wins - before);
  }

  #win(): void {
    const win = this.wins++;
    this.#nowMs += 0.01;
    const account = this.#accounts[win % ACCOUNTS]!;
    const key = `8f0e2d6c-3b1a-4c5d-9e7f-${win}/1/win`;
    const price = this.#prices[win % this.#prices.length]!;
    if (typeof account.reserve(key, price, LAPSE_MS, this.#nowMs) === 'string') throw new Error('a lease is used up');
    const slot = win % OPEN;
    if (win >= OPEN && this.#openAccounts[slot]!.bill(this.#openKeys[slot]!) === null) throw new Error('not reserved');
    this.#openKeys[slot] = key;
    this.#openAccounts[slot] = account;
  }
}

function accountWithLease(accountId: string): LocalAccount {
  const account = new LocalAccount(accountId, PRICE_MAX, LEASE_POLICY_DEFAULTS, 0);
  account.need(0);
  account.accept({ accountId, epoch: 1, sequence: 1, amount: Number.MAX_SAFE_INTEGER, endsAtMs: 1e15 }, 0);
  return account;
}
