import { setImmediate as nextTurn } from 'node:timers/promises';
import nact from 'nact';
import { expect, it } from 'vitest';
import { FrequencyCaps } from '../engine/budget/frequency/frequency-caps.ts';
import { LEASE_POLICY_DEFAULTS } from '../engine/budget/lease-policy.ts';
import { PACING_CONTROLLERS } from '../engine/budget/pacing/controllers.ts';
import { booking, lineItem } from '../engine/campaign/testing/build-booking.ts';
import { DECISION_RULES } from '../engine/exchange/testing/build-exchange.ts';
import type { Booking, BookingKind } from '../engine/ports/campaign-store.ts';
import type { FrequencyStore } from '../engine/ports/frequency-store.ts';
import { type CampaignDeskOptions, spawnCampaignDesk } from './campaign-desk.ts';
import { spawnParent } from './mailbox.ts';
import { stopOnFault } from './supervision.ts';

const LINE_ITEMS = 3000;

const stored = (kind: BookingKind, value: object) =>
  ({ kind, value, version: 1, sequence: 1, updatedAtMs: 0 }) as Booking;

it('a campaign of thousands of line items is carried out in many turns', async () => {
  const system = nact.start();
  const faults: unknown[] = [];
  const desk = spawnCampaignDesk(spawnParent(system, 'parent'), {
    rules: { currencies: DECISION_RULES.currencies, currency: 'USD', priors: DECISION_RULES.priors },
    leasePolicy: LEASE_POLICY_DEFAULTS,
    pacing: { campaigns: PACING_CONTROLLERS.dual, guaranteed: PACING_CONTROLLERS.pid },
    caps: new FrequencyCaps({} as FrequencyStore, { unknownUser: 'refuse', silentStore: 'refuse' }),
    heldMs: () => 1000,
    readFunds: async () => [],
    pacingIntervalMs: 10_000,
    clock: { wallMs: () => 0, monotonicMs: () => 0 },
    timers: { schedule: () => null, cancel: () => {} },
    supervisor: stopOnFault(({ error }) => faults.push(error)),
    observer: { onMailDropped: () => faults.push('dropped') },
  } as unknown as CampaignDeskOptions);
  const { advertiser, campaign, creatives } = booking();
  const items = Array.from({ length: LINE_ITEMS }, (_, index) => stored('line-item', lineItem({ id: `l${index}` })));
  const owners = [stored('advertiser', advertiser), stored('campaign', campaign)];
  desk.booked([...owners, ...creatives.map((creative) => stored('creative', creative)), ...items]);
  let before = 0;
  let most = 0;
  while (before < LINE_ITEMS && faults.length === 0) {
    await nextTurn();
    const { lineItems } = desk.figures();
    most = Math.max(most, lineItems - before);
    before = lineItems;
  }
  expect(faults).toEqual([]);
  expect(most).toBeLessThanOrEqual(LINE_ITEMS / 10);
  nact.stop(system as never);
});
