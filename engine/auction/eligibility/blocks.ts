/** What the publisher blocks for the whole request: advertisers, apps, categories, languages (badv, bapp, bcat/acat, wlang). */
import type { Contender } from '../contender.ts';
import type { RequestRules } from './request-rules.ts';

/** `langb`/`language` value of a creative without words. */
const NO_LANGUAGE = 'xx';

export function checkBlocks(contender: Contender, rules: RequestRules): boolean {
  const { advertiserDomains, bundle } = contender.bid;
  if (rules.blockedAdvertisers !== null) {
    for (let i = 0; i < advertiserDomains.length; i++) {
      if (rules.blockedAdvertisers.covers(advertiserDomains[i]!)) {
        return contender.refuse('blocked-advertiser', `adomain[${i}]`);
      }
    }
  }
  if (rules.blockedBundles !== null && bundle !== null && rules.blockedBundles.has(bundle.toLowerCase())) {
    return contender.refuse('blocked-bundle', 'bundle');
  }
  if (rules.blockedCategories !== null || rules.allowedCategories !== null) {
    if (!checkCategories(contender, rules)) return false;
  }
  return rules.allowedLanguages.length === 0 || checkLanguage(contender, rules.allowedLanguages);
}

/** Categories of another taxonomy cannot be compared: they count as none. */
function checkCategories(contender: Contender, rules: RequestRules): boolean {
  const { categories, categoryTaxonomy } = contender.bid;
  const { input, blockedCategories, allowedCategories } = rules;
  if (categories.length === 0 || categoryTaxonomy !== input.categoryTaxonomy) {
    return input.policy.missingCategory === 'accept' || contender.refuse('missing-category', 'cat');
  }
  for (let i = 0; i < categories.length; i++) {
    const category = categories[i]!;
    if (blockedCategories?.covers(category)) {
      return contender.refuse('blocked-category', `cat[${i}]`);
    }
    if (allowedCategories !== null && !allowedCategories.covers(category)) {
      return contender.refuse('category-not-allowed', `cat[${i}]`);
    }
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
