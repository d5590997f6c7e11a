/** What a request must mean as a whole, once its fields have their types: inventory, exclusive fields, privacy, spelling. */
import { countryAlpha3 } from './countries.ts';
import { readDomains } from './domain-list.ts';
import { applyImpRules } from './imp-rules.ts';
import type { Validator } from './json-schema.ts';
import type { MessageReading } from './message-reading.ts';
import type { BidRequest, Geo, Imp, Mutable, Regs, User } from './types.ts';

const INVENTORIES = ['site', 'app', 'dooh'] as const;

/** Both sides of a pair restrict, so both are applied. */
const EXCLUSIVE = [
  ['wseat', 'bseat'],
  ['acat', 'bcat'],
] as const;

const DEPRECATED_USER = ['yob', 'gender'] as const;
const DEPRECATED_DEVICE = ['didsha1', 'didmd5', 'dpidsha1', 'dpidmd5', 'macsha1', 'macmd5'] as const;

/** Version 1, then notice, opt-out and agreement, each Y, N or - (IAB US Privacy String). */
const US_PRIVACY = /^1[YNyn-]{3}$/;

/** Mends the request in place and leaves out imps that cannot be sold; what it found is in `reading`. */
export function applyRequestRules(
  request: Mutable<BidRequest>,
  reading: MessageReading,
  isFinalNative: Validator,
): void {
  applyInventoryRule(request, reading);
  for (const [left, right] of EXCLUSIVE) {
    if (request[left]?.length && request[right]?.length)
      reading.report('exclusive-fields', `excludes ${right}; both are applied`, left);
  }
  applyLanguageRule(request, reading);
  applyCurrencyCase(request, reading);
  applyBlockedDomains(request, reading);
  if (request.regs) applyPrivacyRules(request.regs, reading);
  applyContextRules(request, reading);
  if (request.imp) applyImpsRules(request, reading, isFinalNative);
}

function applyInventoryRule(request: BidRequest, reading: MessageReading): void {
  const present = INVENTORIES.filter((inventory) => request[inventory] !== undefined);
  if (present.length === 0) reading.report('no-inventory', 'has no site, app or dooh');
  if (present.length > 1) reading.report('several-inventories', `excludes ${present[0]}`, present[1]!);
}

/** The same restriction in ISO 639 and in BCP 47, of which the second says more. An empty list restricts nothing. */
function applyLanguageRule(request: Mutable<BidRequest>, reading: MessageReading): void {
  if (request.wlang?.length === 0) delete request.wlang;
  if (request.wlangb?.length === 0) delete request.wlangb;
  if (request.wlang === undefined || request.wlangb === undefined) return;
  reading.report('languages-twice', 'excludes wlangb; wlangb alone is applied', 'wlang');
  delete request.wlang;
}

function applyCurrencyCase(request: Mutable<BidRequest>, reading: MessageReading): void {
  if (!request.cur || request.cur.every((currency) => currency === currency.toUpperCase())) return;
  reading.report('currency-case', 'currencies are upper case; converted', 'cur');
  request.cur = request.cur.map((currency) => currency.toUpperCase());
}

function applyBlockedDomains(request: Mutable<BidRequest>, reading: MessageReading): void {
  if (!request.badv?.length) return;
  request.badv = readDomains(request.badv, 'badv', 'blocked-domain-not-bare', reading);
  if (request.badv.length === 0)
    reading.report('no-usable-domain', 'names no domain; nothing would be blocked', 'badv');
}

function applyPrivacyRules(regs: Regs, reading: MessageReading): void {
  reading.enter('regs');
  if (regs.us_privacy !== undefined && !US_PRIVACY.test(regs.us_privacy)) {
    reading.report(
      'us-privacy-malformed',
      'is no US Privacy string; forwarded, and read as the strictest',
      'us_privacy',
    );
  }
  if (regs.gpp !== undefined && !regs.gpp_sid?.length) {
    reading.report('gpp-without-sid', 'needs gpp_sid; forwarded, and read as the strictest', 'gpp');
  }
  reading.leave();
}

function applyContextRules(request: BidRequest, reading: MessageReading): void {
  const { site, app, device, user } = request;
  if (site) applyKeywordsRule(site, 'site', reading);
  if (app) applyKeywordsRule(app, 'app', reading);
  if (user) applyUserRules(user, reading);
  if (device) {
    if (device.geo) applyCountryRule(device.geo, 'device', reading);
    reportDeprecated(device, DEPRECATED_DEVICE, 'device', reading);
  }
}

function applyUserRules(user: User, reading: MessageReading): void {
  applyKeywordsRule(user, 'user', reading);
  if (user.geo) applyCountryRule(user.geo, 'user', reading);
  reportDeprecated(user, DEPRECATED_USER, 'user', reading);
}

function applyKeywordsRule(
  holder: Mutable<Pick<User, 'keywords' | 'kwarray'>>,
  place: string,
  reading: MessageReading,
): void {
  if (holder.keywords === undefined || holder.kwarray === undefined) return;
  reading.report('keywords-twice', 'excludes kwarray; kwarray is kept', place, 'keywords');
  delete holder.keywords;
}

function applyCountryRule(geo: Mutable<Geo>, holder: 'device' | 'user', reading: MessageReading): void {
  const { country } = geo;
  if (country === undefined || /^[A-Z]{3}$/.test(country)) return;
  reading.report('country-not-alpha-3', 'must be an upper-case ISO 3166-1 alpha-3 code', holder, 'geo', 'country');
  geo.country = (country.length === 2 ? countryAlpha3(country) : null) ?? country.toUpperCase();
}

function reportDeprecated<T extends object>(
  holder: T,
  keys: readonly (keyof T & string)[],
  place: string,
  reading: MessageReading,
): void {
  for (const key of keys) {
    if (holder[key] !== undefined) reading.report('deprecated-field', 'deprecated since 2.6', place, key);
  }
}

function applyImpsRules(request: Mutable<BidRequest>, reading: MessageReading, isFinalNative: Validator): void {
  const { imp: imps, device } = request;
  const ids = new Set<string>();
  reading.enter('imp');
  const usable = imps.filter((imp, index) => {
    reading.enterItem(imp, index);
    if (ids.has(imp.id)) reading.report('duplicate-imp-id', 'another imp has the same id', 'id');
    ids.add(imp.id);
    const isUsable = applyImpRules(imp as Mutable<Imp>, device, reading, isFinalNative);
    reading.leave();
    return isUsable;
  });
  reading.leave();
  if (usable.length < imps.length) request.imp = usable;
}
