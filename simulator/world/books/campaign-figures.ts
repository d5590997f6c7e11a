/** How campaigns of our own get on: what they were to spend and did, and how much of their chances they take. */
import { campaignAccountId } from '../../../engine/campaign/accounts.ts';
import { NANO_DIGITS, parseDecimal } from '../../../engine/campaign/decimal.ts';
import type { CampaignFigures } from '../run-record.ts';
import type { World } from '../world.ts';
import type { WorldWatch } from '../world-watch.ts';
import { LeaseTally } from './held-leases.ts';

interface Series {
  budgetNanos: number;
  spentNanos: number;
  readonly plannedNanos: number[];
  readonly spentByNanos: number[];
  readonly pace: number[];
  readonly leasedNanos: number[];
  readonly strandedNanos: number[];
}

export class CampaignTally implements Partial<WorldWatch> {
  readonly #campaigns = new Map<string, Series>();
  readonly #leases = new LeaseTally();

  readonly observe: WorldWatch['observe'] = (seen) => this.#leases.observe(seen);

  /** An interval is over. Campaigns are those that are booked by the end of the first. */
  async endInterval(world: World): Promise<void> {
    const books = world.services?.books;
    if (books === undefined) return;
    if (this.#campaigns.size === 0) for (const id of books.campaignIds()) this.#campaigns.set(id, emptySeries());
    for (const [id, series] of this.#campaigns) {
      const { budget, billed, today } = (await books.delivery(id, world.wallMs))!;
      series.budgetNanos = nanosOf(budget);
      series.spentNanos = nanosOf(billed);
      series.spentByNanos.push(series.spentNanos);
      // Days that are over were spent as they were spent: the plan begins anew with what they have left.
      series.plannedNanos.push(series.spentNanos - nanosOf(today.billed) + nanosOf(today.plannedByNow));
      series.pace.push(paceIn(world, id));
      const { leasedNanos, strandedNanos } = this.#leases.of(campaignAccountId(id), world);
      series.leasedNanos.push(leasedNanos);
      series.strandedNanos.push(strandedNanos);
    }
  }

  figures(): readonly CampaignFigures[] {
    return [...this.#campaigns].map(([id, series]) => ({ id, ...series }));
  }
}

function emptySeries(): Series {
  const series = { plannedNanos: [], spentByNanos: [], pace: [], leasedNanos: [], strandedNanos: [] };
  return { budgetNanos: 0, spentNanos: 0, ...series };
}

/** Of its full bid in every auction, on average over the engines; 0 while none of them sells for it. */
function paceIn({ engines }: World, campaignId: string): number {
  const accountId = campaignAccountId(campaignId);
  const paces = engines.flatMap(({ gavel }) => {
    const signal = gavel?.campaigns?.signalOf(accountId) ?? null;
    return signal === null ? [] : signal.throttle * signal.multiplier;
  });
  return paces.length === 0 ? 0 : paces.reduce((sum, pace) => sum + pace, 0) / paces.length;
}

function nanosOf(amount: string | number): number {
  return typeof amount === 'number' ? amount : Number(parseDecimal(amount, NANO_DIGITS));
}
