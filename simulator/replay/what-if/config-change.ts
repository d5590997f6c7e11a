/**
 * A configuration that an auction is to be decided by once more, beside the one that it was recorded under: what the two say alike stays as it was
 * recorded.
 */
import { decisionRules, exchangeRules, healthOptions } from '../../../config/engine-options.ts';
import type { Config } from '../../../config/types.ts';
import type { Mechanism } from '../../../engine/auction/types.ts';
import type { ExchangeRules } from '../../../engine/exchange/auction-terms.ts';
import type { DecisionRules } from '../../../engine/exchange/decision.ts';

export interface ConfigChange {
  /** Null: nobody knows, and everything that `changed` says is applied. */
  readonly recorded: Config | null;
  readonly changed: Config;
  /** For all auctions, whatever they were told; null: as they were told. */
  readonly mechanism: Mechanism | null;
  /** DSPs whose bids are left out, besides those that `changed` has no more. */
  readonly without: ReadonlySet<string>;
}

/** A configuration, compiled as engines do. */
export interface CompiledConfig {
  readonly config: Config;
  readonly exchange: ExchangeRules;
  readonly decision: DecisionRules;
}

/** Estimates are those that were recorded. */
export function compileConfig(config: Config): CompiledConfig {
  return { config, exchange: exchangeRules(config), decision: decisionRules(config, null) };
}

/** How long a DSP is waited for, ms. */
export function dspTimeoutMs(config: Config, dspId: string): number {
  const dsp = config.dsps.find(({ id }) => id === dspId);
  return dsp === undefined ? config.dspDefaults.timeoutMs : healthOptions(dsp, config).timeoutMs;
}

/** Whether a part of the configuration is to be applied. */
export function isChanged<Part>({ recorded, changed }: ConfigChange, partOf: (config: Config) => Part): boolean {
  return recorded === null || !isSamePart(partOf(recorded), partOf(changed));
}

function isSamePart(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

/** What replays apply, as paths of settings; what is below them too. */
const APPLIED: readonly string[] = [
  'auction.missingCreativeId',
  'auction.missingAdvertiserDomain',
  'auction.missingCategory',
  'auction.bannerSize',
  'auction.dealOrder',
  'auction.incrementCpmMicros',
  'auction.incrementClickMicros',
  'auction.incrementConversionMicros',
  'auction.maximumCpmMicros',
  'auction.floorRulesBindDeals',
  'auction.secondPriceMechanism',
  'auction.tmaxDefaultMs',
  'auction.tmaxMaxMs',
  'auction.networkAllowanceMs',
  'auction.decisionReserveMs',
  'campaigns.enabled',
  'currencies',
  'dspDefaults.timeoutMs',
  'estimation.clickPriors',
  'estimation.conversionPriors',
  'estimation.conversionModel.source',
  'estimation.model.source',
  'exchange.currency',
  'floors',
  'learnedReserve',
  'placements',
];
/** Of one DSP. */
const APPLIED_TO_DSPS: ReadonlySet<string> = new Set([
  'id',
  'pricing',
  'quality',
  'timeoutMs',
  'blockedAdvertisers',
  'blockedCategories',
]);

/** Parts of the configuration that auctions hang on; the others say how an engine runs. */
const DECIDING: readonly string[] = [
  'admission',
  'auction',
  'campaigns',
  'dspDefaults',
  'estimation',
  'events.billing',
  'events.sellUnstored',
  'events.tracking.baseUrl',
  'exchange',
  'protection',
  'shaping',
];

/** Settings that differ, that auctions hang on, and that a replay cannot apply, by their paths. `from`: what is compared with where nobody knows. */
export function unappliedSettings({ recorded, changed }: ConfigChange, from: Config): string[] {
  const { dsps: dspsBefore, ...before } = recorded ?? from;
  const { dsps: dspsAfter, ...after } = changed;
  const paths = differingPaths(before, after, '').filter(
    (path) => isWithin(path, DECIDING) && !isWithin(path, APPLIED),
  );
  // Only bundles can be switched off: nobody can ask another model about bids of the past.
  for (const model of ['model', 'conversionModel'] as const) {
    const source = `estimation.${model}.source`;
    if (after.estimation[model].source !== 'none' && before.estimation[model].source !== after.estimation[model].source)
      paths.push(source);
  }
  for (const dsp of dspsAfter) {
    const known = dspsBefore.find(({ id }) => id === dsp.id);
    // Nobody knows what it would have bid.
    if (known === undefined) {
      if (recorded !== null) paths.push(`dsps[${dsp.id}]`);
      continue;
    }
    for (const field of differingPaths(known, dsp, '')) {
      if (!APPLIED_TO_DSPS.has(field.split('.', 1)[0]!)) paths.push(`dsps[${dsp.id}].${field}`);
    }
  }
  return paths.sort();
}

function isWithin(path: string, parts: readonly string[]): boolean {
  return parts.some((part) => path === part || path.startsWith(`${part}.`));
}

function differingPaths(before: object, after: object, above: string): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => {
    const [one, other] = [before, after].map((side) => (side as Record<string, unknown>)[key]);
    if (isSamePart(one, other)) return [];
    return isMapping(one) && isMapping(other) ? differingPaths(one, other, `${above}${key}.`) : [`${above}${key}`];
  });
}

function isMapping(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
