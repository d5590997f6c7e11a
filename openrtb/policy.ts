/**
 * What each deviation costs, per strictness of the partner: the one table to read or change. A coercion that the table
 * calls `warn` or `notice` is applied; `drop` leaves out the imp, media, deal, eid or bid around the place (see
 * `docs/openrtb.md`); `reject` refuses the whole message.
 */
import type { Severity, Strictness } from './diagnostics.ts';

type Severities = Readonly<Record<Strictness, Severity>>;

const row = (strict: Severity, standard: Severity, lenient: Severity): Severities => ({
  strict,
  default: standard,
  lenient,
});

const RULES = {
  // Before parsing, and the root: nothing to mend.
  'too-large': row('reject', 'reject', 'reject'),
  'too-deep': row('reject', 'reject', 'reject'),
  'too-many-items': row('reject', 'reject', 'reject'),
  'too-many-imps': row('reject', 'reject', 'reject'),
  'not-utf8': row('reject', 'reject', 'reject'),
  'not-json': row('reject', 'reject', 'reject'),
  'root-not-object': row('reject', 'reject', 'reject'),

  // Types of single values. Mended values mean what the sender meant; left-out ones are optional.
  'number-for-string': row('reject', 'warn', 'notice'),
  'string-for-number': row('reject', 'warn', 'notice'),
  'float-for-integer': row('reject', 'warn', 'notice'),
  'boolean-for-flag': row('reject', 'warn', 'notice'),
  'scalar-for-array': row('reject', 'warn', 'notice'),
  'array-for-string': row('reject', 'warn', 'notice'),
  'joined-domains': row('warn', 'warn', 'notice'),
  'ext-not-object': row('reject', 'warn', 'notice'),
  'wrong-type': row('reject', 'warn', 'notice'),
  'out-of-range': row('reject', 'warn', 'notice'),
  'text-too-long': row('reject', 'warn', 'notice'),

  // Objects that cannot be used. A part is what may be missing; a unit is offered, bought or matched by itself.
  'incomplete-part': row('reject', 'warn', 'warn'),
  'missing-field': row('reject', 'drop', 'drop'),
  'not-an-object': row('reject', 'drop', 'drop'),
  // Money, seller's restrictions, coppa: never guessed. Takes the unit around it along, or the message.
  'unusable-value': row('reject', 'drop', 'drop'),
  // What something else is looked up by. Cutting it could make it the name of another.
  'id-too-long': row('reject', 'drop', 'drop'),

  // Requests: identity and inventory.
  'missing-request-id': row('reject', 'reject', 'reject'),
  'no-usable-imp': row('reject', 'reject', 'reject'),
  'duplicate-imp-id': row('reject', 'reject', 'reject'),
  'several-inventories': row('reject', 'reject', 'reject'),
  'no-inventory': row('reject', 'warn', 'notice'),

  // Requests: media.
  'no-media': row('reject', 'drop', 'drop'),
  'no-size': row('reject', 'drop', 'drop'),
  'unusable-format': row('reject', 'warn', 'warn'),
  // `warn` assumes video/mp4.
  'missing-mimes': row('reject', 'drop', 'warn'),
  'durations-conflict': row('reject', 'warn', 'notice'),
  'unbounded-duration-floor': row('reject', 'warn', 'warn'),
  'interstitial-size': row('notice', 'notice', 'notice'),
  'native-invalid': row('reject', 'drop', 'drop'),
  'native-object': row('warn', 'warn', 'notice'),
  'native-wrapper': row('warn', 'warn', 'notice'),
  'native-double-encoded': row('warn', 'warn', 'notice'),
  'native-unnumbered-assets': row('reject', 'warn', 'notice'),

  // Requests: money, restrictions, privacy.
  'currency-case': row('warn', 'warn', 'notice'),
  'unknown-currency': row('reject', 'drop', 'drop'),
  'duplicate-deal-id': row('reject', 'drop', 'drop'),
  // From 500 up types may be agreed, but none is with us.
  'unknown-deal-type': row('drop', 'drop', 'drop'),
  'fixed-price-missing': row('reject', 'drop', 'drop'),
  'languages-twice': row('reject', 'warn', 'notice'),
  'exclusive-fields': row('reject', 'warn', 'notice'),
  'blocked-domain-not-bare': row('notice', 'notice', 'notice'),
  'no-usable-domain': row('reject', 'reject', 'reject'),
  'legacy-place': row('warn', 'warn', 'notice'),
  // `warn` reads it as 1, the most restrictive value.
  'gdpr-invalid': row('reject', 'reject', 'warn'),
  'us-privacy-malformed': row('warn', 'warn', 'warn'),
  'gpp-without-sid': row('warn', 'warn', 'warn'),
  'country-not-alpha-3': row('warn', 'warn', 'notice'),
  'keywords-twice': row('warn', 'warn', 'notice'),
  'deprecated-field': row('notice', 'notice', 'notice'),

  // Responses. `reject` makes the whole response invalid, `drop` loses the bid (or the seat).
  'response-id-missing': row('reject', 'warn', 'notice'),
  'response-id-differs': row('reject', 'reject', 'warn'),
  'seatbid-not-array': row('reject', 'reject', 'reject'),
  'bid-not-array': row('drop', 'drop', 'drop'),
  'unknown-group': row('warn', 'warn', 'notice'),
  'too-many-bids': row('drop', 'drop', 'drop'),
  'too-many-groups': row('drop', 'drop', 'drop'),
  'bid-text-too-long': row('drop', 'drop', 'drop'),
  'missing-bid-id': row('drop', 'drop', 'drop'),
  'missing-impid': row('drop', 'drop', 'drop'),
  'missing-price': row('drop', 'drop', 'drop'),
  'price-not-positive': row('drop', 'drop', 'drop'),
  'unknown-mtype': row('drop', 'drop', 'drop'),
  'missing-markup': row('drop', 'drop', 'drop'),
  'duplicate-bid-id': row('drop', 'drop', 'drop'),
  'broken-group': row('drop', 'drop', 'drop'),
  'missing-advertiser-domain': row('warn', 'warn', 'notice'),
  'advertiser-domain-not-bare': row('warn', 'warn', 'notice'),
  // Whether it costs the bid is account policy, judged in the auction.
  'missing-creative-id': row('warn', 'warn', 'notice'),
} as const satisfies Readonly<Record<string, Severities>>;

/** Closed list of `Diagnostic.code`. */
export type RuleCode = keyof typeof RULES;

export function severityOf(code: RuleCode, strictness: Strictness): Severity {
  return RULES[code][strictness];
}

export const RULE_CODES: readonly RuleCode[] = Object.keys(RULES) as RuleCode[];
