/** A `FrequencyStore` that takes no impression of a deleted user: an auction that was under way might bring one back. */
import type { FrequencyStore } from '../../engine/ports/frequency-store.ts';

export function refusingUnlinkedUsers(store: FrequencyStore, isUnlinked: (user: string) => boolean): FrequencyStore {
  return {
    ...store,
    // What cannot be counted is not shown.
    take: async (user, impression) => (isUnlinked(user) ? { kind: 'full' } : store.take(user, impression)),
  };
}
