import type { BookingTable, CampaignStore, Stored } from '../../../../engine/ports/campaign-store.ts';

/** A campaign store without a database, for tests of who asks it. It forbids nothing but what `refuse` says. */
export function memoryStore(refuse: (value: { readonly id: string }) => string | null = () => null): CampaignStore & {
  readonly changedBy: string[];
} {
  const changedBy: string[] = [];
  const table = <Value extends { readonly id: string }>(parentOf: (value: Value) => string): BookingTable<Value> => {
    const rows = new Map<string, Stored<Value>>();
    return {
      get: async (id) => rows.get(id) ?? null,
      list: async ({ parentId, after, limit }) =>
        [...rows.values()]
          .filter(({ value }) => parentId === null || parentOf(value) === parentId)
          .filter(({ value }) => after === null || value.id > after)
          .toSorted((a, b) => (a.value.id < b.value.id ? -1 : 1))
          .slice(0, limit),
      put: async (value, expectedVersion, by) => {
        const current = rows.get(value.id) ?? null;
        if ((current?.version ?? null) !== expectedVersion) return { kind: 'conflict', current };
        const message = refuse(value);
        if (message !== null) return { kind: 'refused', field: 'name', message };
        const stored = { value, version: (expectedVersion ?? 0) + 1 };
        rows.set(value.id, stored);
        changedBy.push(by);
        return { kind: 'stored', stored };
      },
    };
  };
  return {
    advertisers: table(() => ''),
    campaigns: table(({ advertiserId }) => advertiserId),
    lineItems: table(({ campaignId }) => campaignId),
    creatives: table(({ advertiserId }) => advertiserId),
    changesSince: async (sequence) => ({ sequence, changes: [] }),
    audit: async () => [],
    changedBy,
  };
}
