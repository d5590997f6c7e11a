/** For whom the event logs of an engine keep their segments, besides Kafka. */
import { isBillingHere } from './event-billing.ts';
import type { Config } from './types.ts';

/** Under this name its places are kept beside the segments. */
export const BILLING_CONSUMER = 'billing';

/** Who is switched off is not waited for: its place may stay as it is for ever. */
export function awaitedConsumers(config: Pick<Config, 'campaigns' | 'events'>): readonly string[] {
  return isBillingHere(config) ? [BILLING_CONSUMER] : [];
}
