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
  const capsOfScope = new Map<CapScope, FrequencyCap[]>();
  for (const campaign of all) {
    for (const cap of campaign.frequencyCaps) {
      const scope = scopeOf(campaign, cap.scope);
      capsOfScope.set(scope, [...(capsOfScope.get(scope) ?? []), cap]);
    }
  }
  const plans = new Map<string, CapPlan>();
  for (const campaign of all) {
    const counted: CountedScope[] = [];
    for (const scope of [scopeOf(campaign, 'campaign'), scopeOf(campaign, 'advertiser')]) {
      const caps = capsOfScope.get(scope);
      if (caps !== undefined) counted.push(countedScope(scope, caps, lifetimeMs));
    }
    if (counted.length > 0)
      plans.set(campaign.id, { counted, rules: campaign.frequencyCaps.map((cap) => ruleOf(campaign, cap)) });
  }
  return plans;
}

function scopeOf({ id, advertiserId }: Campaign, scope: FrequencyCap['scope']): CapScope {
  return scope === 'campaign' ? `c:${id}` : `a:${advertiserId}`;
}

function countedScope(scope: CapScope, caps: readonly FrequencyCap[], lifetimeMs: number): CountedScope {
  let momentsKeptMs = GIVE_BACK_MS;
  for (const { per } of caps) momentsKeptMs = Math.max(momentsKeptMs, WINDOW_MS[per] ?? 0);
  const isForLife = caps.some(({ per }) => per === 'lifetime');
  return { scope, momentsKeptMs, countKeptMs: isForLife ? Math.max(lifetimeMs, momentsKeptMs) : momentsKeptMs };
}

/** More than the store counts moments is capped at that: the user sees fewer, never more. */
function ruleOf(campaign: Campaign, { count, per, scope }: FrequencyCap): CapRule {
  const windowMs = WINDOW_MS[per];
  return { scope: scopeOf(campaign, scope), count: windowMs === null ? count : Math.min(count, MOMENTS_MAX), windowMs };
}
