/** What campaigns were to spend, and have spent, by the product's own reports of delivery. */
import { campaignDelivery } from '../../compose.ts';
import type { EngineNode } from './engine-node.ts';
import { directLink } from './link.ts';
import type { CampaignFigures } from './run-record.ts';
import type { WorldServices } from './services.ts';

interface CampaignSeries {
  budgetNanos: number;
  spentNanos: number;
  readonly plannedNanos: number[];
  readonly spentByNanos: number[];
  readonly pace: number[];
}

/** Line items that are guaranteed have accounts of impressions, with a slash in their names. */
const isOfMoney = (accountId: string): boolean => !accountId.includes('/');

export class CampaignTally {
  readonly #services: WorldServices;
  readonly #engines: readonly EngineNode[];
  readonly #series = new Map<string, CampaignSeries>();

  constructor(services: WorldServices, engines: readonly EngineNode[]) {
    this.#services = services;
    this.#engines = engines;
  }

  async endInterval(): Promise<void> {
    const { books, machines } = this.#services;
    const sources = { ...books.over(directLink), nowMs: machines.ledger.clock.wallMs };
    for (const { accountId, budget, spent } of books.accounts()) {
      if (!isOfMoney(accountId)) continue;
      const delivery = await campaignDelivery(sources, accountId, {});
      const series = this.#of(accountId);
      series.budgetNanos = budget;
      series.spentNanos = spent;
      series.spentByNanos.push(spent);
      const { plannedByNow, billed } = delivery!.today;
      series.plannedNanos.push(spent - nanosOf(billed) + nanosOf(plannedByNow));
      series.pace.push(this.#paceOf(accountId));
    }
  }

  figures(): CampaignFigures[] {
    return [...this.#series].map(([id, series]) => ({ id, ...series }));
  }

  /** Of all engines that are up. */
  #paceOf(accountId: string): number {
    let sum = 0;
    let count = 0;
    for (const { gavel } of this.#engines) {
      const throttle = gavel?.campaigns?.desk.throttleOf(accountId) ?? null;
      if (throttle === null) continue;
      sum += throttle;
      count += 1;
    }
    return count === 0 ? 0 : sum / count;
  }

  #of(accountId: string): CampaignSeries {
    let series = this.#series.get(accountId);
    if (series === undefined) {
      series = { budgetNanos: 0, spentNanos: 0, plannedNanos: [], spentByNanos: [], pace: [] };
      this.#series.set(accountId, series);
    }
    return series;
  }
}

/** From units of currency, as a report has them. */
function nanosOf(amount: string | number): number {
  return Math.round(Number(amount) * 1_000_000_000);
}
