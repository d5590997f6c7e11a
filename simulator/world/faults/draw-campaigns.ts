/** Campaigns of a drawn world, as for `POST /admin/v1/import`. */
import type { SeededRandom } from '../../random.ts';
import type { HouseAd } from '../history.ts';

export interface DrawnCampaigns {
  readonly documents: Readonly<Record<string, unknown>>;
  /** By creative. */
  readonly ads: ReadonlyMap<string, HouseAd>;
}

const TIME_ZONES: readonly string[] = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu'];
/** That generated requests ask for most. */
const SIZES: readonly (readonly [width: number, height: number])[] = [
  [300, 250],
  [320, 50],
  [728, 90],
];

/** One advertiser with one campaign and one creative of each size for each of `count`. */
export function drawCampaigns(count: number, random: SeededRandom): DrawnCampaigns {
  const advertisers: object[] = [];
  const creatives: object[] = [];
  const campaigns: object[] = [];
  const lineItems: object[] = [];
  const ads = new Map<string, HouseAd>();
  for (let index = 1; index <= count; index++) {
    const own = random.fork(`campaign ${index}`);
    const [advertiser, campaign] = [`advertiser-${index}`, `campaign-${index}`];
    const timeZone = own.pick(TIME_ZONES);
    advertisers.push({
      id: advertiser,
      name: advertiser,
      currency: 'USD',
      timeZone,
      domains: [`${advertiser}.example`],
    });
    // Micros per mille, and so many nanos an impression.
    const bidMicros = own.integer(50, 800) * 10_000;
    // Some are at their end within the run: the last nano is where mistakes are.
    const impressions = own.chance(0.6) ? own.integer(4, 60) : own.integer(1_000, 10_000);
    const budgetNanos = bidMicros * impressions;
    const dailyNanos = own.chance(0.3) ? Math.ceil(budgetNanos * own.uniform(0.1, 0.6)) : null;
    campaigns.push({
      id: campaign,
      advertiser,
      name: campaign,
      start: '2026-01-01T00:00:00Z',
      budget: nanosText(budgetNanos),
      ...(dailyNanos === null ? {} : { dailyBudget: nanosText(dailyNanos) }),
      ...(own.chance(0.2) ? { frequencyCaps: [{ count: own.integer(1, 3), per: 'hour' }] } : {}),
    });
    const ids = SIZES.map(([width, height]) => `creative-${index}-${width}x${height}`);
    for (const [at, [width, height]] of SIZES.entries()) {
      const markup = `<a href="https://${advertiser}.example/"><img src="https://cdn.example/${ids[at]}.png"></a>`;
      creatives.push({
        id: ids[at],
        advertiser,
        name: ids[at],
        media: 'banner',
        width,
        height,
        markup,
        approval: 'approved',
      });
      ads.set(ids[at]!, { accountId: campaign, bidMicrosMax: bidMicros, pricing: 'cpm', currency: 'USD' });
    }
    const bid = (bidMicros / 1_000_000).toFixed(2);
    lineItems.push({ id: `line-${index}`, campaign, name: `line-${index}`, pricing: 'cpm', bid, creatives: ids });
  }
  return { documents: { advertisers, creatives, campaigns, 'line-items': lineItems }, ads };
}

function nanosText(nanos: number): string {
  return (nanos / 1_000_000_000).toFixed(9);
}
