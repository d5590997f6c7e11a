import { expect, it, test } from 'vitest';
import { loadConfig } from './load.ts';
import { heldForMs, longestTrackingLifetimeMs, paidForMs, trackingLifetimeMs } from './tracking.ts';

const config = loadConfig({ file: null, environment: {}, overrides: {} });
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

test.each([
  ['impression', 'banner', HOUR_MS],
  ['viewable', 'native', HOUR_MS],
  ['complete', 'video', 2 * HOUR_MS],
  ['click', 'banner', 1.5 * HOUR_MS],
  ['click', 'video', 2.5 * HOUR_MS],
  ['conversion', 'banner', 24 * HOUR_MS],
] as const)('the URL of %s of a %s counts for %i ms', (code, media, expected) => {
  expect(trackingLifetimeMs(code, media, config)).toBe(expected);
  expect(longestTrackingLifetimeMs(config)).toBeGreaterThanOrEqual(expected);
});

it('a DSP pays for what its URL tells, and ours as long as money is held', () => {
  const sale = (kind: 'house' | 'dsp') => ({ payer: { kind }, billedBy: 'click', media: 'video' }) as const;
  expect(paidForMs(sale('dsp'), config)).toBe(2.5 * HOUR_MS + MINUTE_MS);
  expect(paidForMs(sale('house'), config)).toBe(heldForMs('click', 'video', config.campaigns.held) + MINUTE_MS);
});

it('no URL dies before its money is free again', () => {
  const { campaigns, events } = config;
  const held = { ...campaigns.held, clickMs: 48 * HOUR_MS, conversionMs: 72 * HOUR_MS };
  const patient = { events, campaigns: { ...campaigns, held } };
  expect(trackingLifetimeMs('click', 'banner', patient)).toBe(held.clickMs);
  expect(trackingLifetimeMs('conversion', 'banner', patient)).toBe(held.conversionMs);
});
