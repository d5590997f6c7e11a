/** What users have been shown, as a deletion sees it. */
import type { FrequencyStore } from '../../engine/ports/frequency-store.ts';
import type { UserDataStore } from '../../engine/ports/user-data-store.ts';

export function frequencyUserData(store: Pick<FrequencyStore, 'fetch' | 'forget' | 'holds'>): UserDataStore {
  return {
    name: 'frequency-caps',
    erase: async ({ capKeys }) => {
      let count = 0;
      for (const user of capKeys) {
        if ((await store.fetch(user)).size > 0) count += 1;
        await store.forget(user);
      }
      return count;
    },
    search: async ({ capKeys }) => {
      let count = 0;
      for (const user of capKeys) if (await store.holds(user)) count += 1;
      return count;
    },
  };
}
