/** What is sold in the proof: one campaign a placement, each with a promise of its own. */
import type { Engine } from './engines.ts';

export interface Sold {
  /** Of advertiser, campaign, line item and placement. */
  readonly name: string;
  /** In dollars. */
  readonly budget: string;
  readonly dailyBudget?: string;
  readonly goalImpressions?: number;
  /** Default: `cpm`, at `BID`. */
  readonly pricing?: 'cpc' | 'cpa';
  readonly bid?: number;
  /** Default: a link to the advertiser. */
  readonly markup?: string;
}

/** In dollars per mille; a reader's floor is below it. */
export const BID = 1;
export const GOAL = 150;

/** Supply allows the budgets of all but the first. */
export const SOLD: readonly Sold[] = [
  // Never at its end: shows whether anything is sold at all.
  { name: 'steady', budget: '1000' },
  { name: 'spent', budget: '0.4' },
  { name: 'daily', budget: '1000', dailyBudget: '0.2' },
  { name: 'changed', budget: '0.05' },
  { name: 'paused', budget: '0.4' },
  { name: 'sold', budget: '10', goalImpressions: GOAL },
];

export async function book(engine: Engine, all: readonly Sold[] = SOLD): Promise<void> {
  for (const { name, goalImpressions, pricing = 'cpm', bid = BID, markup, ...money } of all) {
    await change(engine, 'PUT', `advertisers/${name}`, {
      name,
      currency: 'USD',
      timeZone: 'Etc/UTC',
      domains: [`${name}.example`],
    });
    await change(engine, 'PUT', `creatives/${name}`, {
      advertiser: name,
      name,
      media: 'banner',
      width: 300,
      height: 250,
      markup: markup ?? `<a href="https://${name}.example">${name}</a>`,
      approval: 'approved',
    });
    await change(engine, 'PUT', `campaigns/${name}`, {
      advertiser: name,
      name,
      start: '2026-01-01T00:00:00Z',
      delivery: 'asap',
      ...money,
    });
    await change(engine, 'PUT', `line-items/${name}`, {
      campaign: name,
      name,
      pricing,
      bid: String(bid),
      creatives: [name],
      targeting: { placements: { include: [name] } },
      ...(goalImpressions === undefined ? {} : { goalImpressions }),
    });
  }
}

/** Rejects when it is refused. */
export async function change(engine: Engine, method: 'PUT' | 'PATCH', path: string, body: object): Promise<void> {
  const response = await engine.admin(method, `/admin/v1/${path}`, body);
  const words = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${words}`);
}
