/** Whether a code is a currency at all; whether we can convert it is a question for the rate table. */
const KNOWN = new Set(Intl.supportedValuesOf('currency'));

/** Upper-case ISO 4217, past and present. */
export function isKnownCurrency(code: string): boolean {
  return KNOWN.has(code);
}
