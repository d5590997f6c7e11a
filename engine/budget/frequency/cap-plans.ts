/** Frequency caps of all campaigns, compiled to what one impression of each campaign counts for and must keep. */
import type { Campaign, FrequencyCap } from '../../campaign/campaign.ts';
import { type CapRule, type CapScope, type CountedScope, MOMENTS_MAX } from '../../ports/frequency-store.ts';

export interface CapPlan {
  readonly counted: readonly CountedScope[];
  readonly rules: readonly CapRule[];
}

/** By campaign id. A campaign that no cap concerns has none. */
export type CapPlans = ReadonlyMap<string, CapPlan>;

const WINDOW_MS: Readonly<Record<FrequencyCap['per'], number | null>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  lifetime: null,
};

/** An impression must be known for as long as it may turn out that it was not shown. */
const GIVE_BACK_MS = 3_600_000;

/**
 * `lifetimeMs`: a `lifetime` cap counts for so long after the last impression. An impression counts for its advertiser
 * when any campaign of that advertiser has a cap of that scope, whether or not it has one itself.
 */
export function compileCapPlans(campaigns: Iterable<Campaign>, lifetimeMs: number): CapPlans {
  const all = [...campaigns];
  const scopes = countedScopes(all, lifetimeMs);
  const plans = new Map<string, CapPlan>();
  for (const campaign of all) {
    const counted: CountedScope[] = [];
    for (const of of ['campaign', 'advertiser'] as const) {
      const scope = scopes.get(scopeOf(campaign, of));
      if (scope !== undefined) counted.push(scope);
    }
    if (counted.length > 0)
      plans.set(campaign.id, { counted, rules: campaign.frequencyCaps.map((cap) => ruleOf(campaign, cap)) });
  }
  return plans;
}

/** Of every scope that any cap is about, what must be kept for all of its caps. */
function countedScopes(campaigns: readonly Campaign[], lifetimeMs: number): ReadonlyMap<CapScope, CountedScope> {
  const scopes = new Map<CapScope, CountedScope>();
  for (const campaign of campaigns) {
    for (const cap of campaign.frequencyCaps) {
      const scope = scopeOf(campaign, cap.scope);
      scopes.set(scope, withCap(scopes.get(scope) ?? { scope, ...NOTHING_YET }, cap, lifetimeMs));
    }
  }
  return scopes;
}

const NOTHING_YET = { momentsKeptMs: GIVE_BACK_MS, countKeptMs: GIVE_BACK_MS };

function scopeOf({ id, advertiserId }: Campaign, scope: FrequencyCap['scope']): CapScope {
  return scope === 'campaign' ? `c:${id}` : `a:${advertiserId}`;
}

function withCap({ scope, ...kept }: CountedScope, { per }: FrequencyCap, lifetimeMs: number): CountedScope {
  const momentsKeptMs = Math.max(kept.momentsKeptMs, WINDOW_MS[per] ?? 0);
  const countKeptMs = Math.max(kept.countKeptMs, momentsKeptMs, per === 'lifetime' ? lifetimeMs : 0);
  return { scope, momentsKeptMs, countKeptMs };
}

/** More than the store counts moments is capped at that: the user sees fewer, never more. */
function ruleOf(campaign: Campaign, { count, per, scope }: FrequencyCap): CapRule {
  const windowMs = WINDOW_MS[per];
  return { scope: scopeOf(campaign, scope), count: windowMs === null ? count : Math.min(count, MOMENTS_MAX), windowMs };
}
