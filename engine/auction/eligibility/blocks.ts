/** What the publisher blocks for the whole request: advertisers, apps, categories, languages (badv, bapp, bcat/acat, wlang). */
import type { CategorySet } from '../category-set.ts';
import type { Contender } from '../contender.ts';
import type { DomainSet } from '../domain-set.ts';
import { DSP_BLOCK_TAXONOMY, type DspBlockRules, type RequestRules } from './request-rules.ts';

/** `langb`/`language` value of a creative without words. */
const NO_LANGUAGE = 'xx';

export function checkBlocks(contender: Contender, rules: RequestRules): boolean {
  const { bundle } = contender.bid;
  if (rules.blockedAdvertisers !== null && !checkAdvertisers(contender, rules.blockedAdvertisers)) return false;
  const dspBlocks = rules.dspBlocks?.get(contender.bid.dspId);
  if (dspBlocks !== undefined && !checkDspBlocks(contender, dspBlocks)) return false;
  if (rules.blockedBundles !== null && bundle !== null && rules.blockedBundles.has(bundle.toLowerCase())) {
    return contender.refuse('blocked-bundle', 'bundle');
  }
  if (rules.blockedCategories !== null || rules.allowedCategories !== null) {
    if (!checkCategories(contender, rules)) return false;
  }
  return rules.allowedLanguages.length === 0 || checkLanguage(contender, rules.allowedLanguages);
}

function checkAdvertisers(contender: Contender, blocked: DomainSet): boolean {
  const { advertiserDomains } = contender.bid;
  for (let i = 0; i < advertiserDomains.length; i++) {
    if (blocked.covers(advertiserDomains[i]!)) return contender.refuse('blocked-advertiser', `adomain[${i}]`);
  }
  return true;
}

function checkDspBlocks(contender: Contender, { advertisers, categories }: DspBlockRules): boolean {
  if (advertisers !== null && !checkAdvertisers(contender, advertisers)) return false;
  return (
    categories === null ||
    contender.bid.categoryTaxonomy !== DSP_BLOCK_TAXONOMY ||
    checkBlockedCategories(contender, categories)
  );
}

function checkBlockedCategories(contender: Contender, blocked: CategorySet): boolean {
  const { categories } = contender.bid;
  for (let i = 0; i < categories.length; i++) {
    if (blocked.covers(categories[i]!)) return contender.refuse('blocked-category', `cat[${i}]`);
  }
  return true;
}

/** Categories of another taxonomy cannot be compared: they count as none. */
function checkCategories(contender: Contender, rules: RequestRules): boolean {
  const { categories, categoryTaxonomy } = contender.bid;
  const { input, blockedCategories, allowedCategories } = rules;
  if (categories.length === 0 || categoryTaxonomy !== input.categoryTaxonomy) {
    return input.policy.missingCategory === 'accept' || contender.refuse('missing-category', 'cat');
  }
  if (blockedCategories !== null && !checkBlockedCategories(contender, blockedCategories)) return false;
  if (allowedCategories === null) return true;
  for (let i = 0; i < categories.length; i++) {
    if (!allowedCategories.covers(categories[i]!)) return contender.refuse('category-not-allowed', `cat[${i}]`);
  }
  return true;
}

/** A listed language covers its regions (`en` allows `en-us`), as in RFC 4647 basic filtering. Undeclared passes. */
function checkLanguage(contender: Contender, allowed: readonly string[]): boolean {
  const { language } = contender.bid;
  if (language === null || language === NO_LANGUAGE) return true;
  for (const range of allowed) {
    if (language === range || (language.startsWith(range) && language.charAt(range.length) === '-')) return true;
  }
  return contender.refuse('language-not-allowed', 'language');
}
