/** What the configuration says about billing what events say. */
import type { Config } from './types.ts';

/** Whether there are books for it. */
export function isBilling({ campaigns, events }: Pick<Config, 'campaigns' | 'events'>): boolean {
  return campaigns.enabled || events.billing;
}

/** Whether DSPs pay by what the log says: it is booked here, or by whoever reads the topic. */
export function isBilledByEvents(config: Pick<Config, 'campaigns' | 'events'>): boolean {
  return isBilling(config) || config.events.kafka.brokers !== '';
}

/** Whether an engine has a database: for campaigns, bills, or requests to delete a user. */
export function keepsBooks({ campaigns, events, privacy }: Pick<Config, 'campaigns' | 'events' | 'privacy'>): boolean {
  return isBilling({ campaigns, events }) || privacy.deletions;
}

/** Whether an engine bills from its own log. With Kafka, `gavel consume` does. */
export function isBillingHere(config: Pick<Config, 'campaigns' | 'events'>): boolean {
  return isBilling(config) && config.events.kafka.brokers === '';
}
