/** The path of auctions (`campaign-path.ts`) with none, a hundred and ten thousand live campaigns of our own. */
import { CampaignPath } from './campaign-path.ts';
import { type BenchContext, type Measurement, median } from './measurement.ts';

const TIMINGS = 5;
const SIZES = { none: 0, '100': 100, '10k': 10_000 } as const;
type Size = keyof typeof SIZES;
const SIZE_NAMES = Object.keys(SIZES) as Size[];
export const PATH_NAMES = [...SIZE_NAMES.map((size) => `campaigns.path_us.${size}`), 'campaigns.between_us.10k'];

export function measureCampaignPath(context: BenchContext): Measurement[] {
  const costs = SIZE_NAMES.map((size) => pathCost(size, context));
  const betweenUs = costs.find(({ size }) => size === '10k')!.betweenUs;
  return [
    ...costs.map(({ size, us }) => ({ name: `campaigns.path_us.${size}`, value: us, unit: 'us' })),
    { name: 'campaigns.between_us.10k', value: betweenUs, unit: 'us' },
  ];
}

function pathCost(size: Size, { scale, seed, progress }: BenchContext) {
  const path = new CampaignPath(countOf(size, scale), seed);
  path.usPerAuction(scale.functionMs * 5);
  const [auctions, betweenMs] = [path.auctions, path.betweenMs];
  const us = median(Array.from({ length: TIMINGS }, () => path.usPerAuction(scale.functionMs)));
  const [entered, won] = [path.entered / path.auctions, path.won / path.auctions];
  progress(`campaigns.path_us.${size}: ${entered.toFixed(1)} bids of ours enter, ${won.toFixed(2)} win`);
  return { size, us, betweenUs: ((path.betweenMs - betweenMs) * 1000) / (path.auctions - auctions) };
}

/** A tiny run has tiny markets. */
function countOf(size: Size, { rounds }: BenchContext['scale']): number {
  return rounds === 1 ? SIZES[size] / 100 : SIZES[size];
}
