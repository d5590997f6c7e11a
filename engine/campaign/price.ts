import type { LineItem } from './campaign.ts';

/** What one impression, click or conversion costs: N CPM-micros are N nanos an impression, N micros a click N x 1000. At least 1. */
export function priceNanos(pricing: LineItem['pricing'], micros: number): number {
  return Math.max(1, pricing === 'cpm' ? micros : micros * 1000);
}
