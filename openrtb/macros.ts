/**
 * Substitution macros (2.6 section 4.4): plain text replacement in nurl, burl, lurl and markup. A template is searched
 * once; rendering only joins its pieces, so an inserted value is never searched for macros again.
 */
import { Buffer } from 'node:buffer';

/** Every macro of the specification. Another vendor's `${...}` in the same markup is not ours to touch. */
export const MACRO_NAMES = [
  'AUCTION_ID',
  'AUCTION_BID_ID',
  'AUCTION_IMP_ID',
  'AUCTION_SEAT_ID',
  'AUCTION_AD_ID',
  'AUCTION_PRICE',
  'AUCTION_CURRENCY',
  'AUCTION_MBR',
  'AUCTION_LOSS',
  'AUCTION_MIN_TO_WIN',
  'AUCTION_MULTIPLIER',
  'AUCTION_IMP_TS',
  'AUCTION_DISCOUNT_PCT',
  'AUCTION_DISCOUNT_CPM',
] as const;

export type MacroName = (typeof MACRO_NAMES)[number];

/** Values as they shall appear in the text (prices: plain decimal CPM in the bid's currency). Absent or null = no value. */
export type MacroValues = { readonly [name in MacroName]?: string | null };

/** What a macro without value becomes: empty in live text, `AUDIT` in markup rendered for creative review. */
export type RenderMode = 'live' | 'audit';

interface MacroPosition {
  readonly name: MacroName;
  /** `${NAME:B64}`. */
  readonly base64: boolean;
  /** Spelled `%24%7BNAME%7D`: the macro stands inside a URL that was encoded as a whole. */
  readonly urlEncoded: boolean;
}

/** Text cut at its macros: `literals[0] macros[0] literals[1] macros[1] ... literals[n]`. */
export interface MacroTemplate {
  readonly literals: readonly string[];
  readonly macros: readonly MacroPosition[];
}

const NAMES = MACRO_NAMES.join('|');
// `$%7B` is what encodeURI makes of `${`, `%24%7B` what encodeURIComponent does. Longer names are tried by
// backtracking, since the alternatives must be followed by the end of the macro.
const MACRO = new RegExp(`\\$\\{(${NAMES})(?::(B64))?\\}|(?:\\$|%24)%7[Bb](${NAMES})(?:(?::|%3[Aa])(B64))?%7[Dd]`, 'g');

/** Finds the macros of a text. Unknown names and unknown `:X` encodings stay literal text. */
export function compileMacros(template: string): MacroTemplate {
  if (!template.includes('${') && !template.includes('%7B') && !template.includes('%7b')) {
    return { literals: [template], macros: [] };
  }
  const literals: string[] = [];
  const macros: MacroPosition[] = [];
  let literalStart = 0;
  for (const match of template.matchAll(MACRO)) {
    literals.push(template.slice(literalStart, match.index));
    macros.push({
      name: (match[1] ?? match[3]) as MacroName,
      base64: (match[2] ?? match[4]) !== undefined,
      urlEncoded: match[1] === undefined,
    });
    literalStart = match.index + match[0].length;
  }
  literals.push(template.slice(literalStart));
  return { literals, macros };
}

/**
 * The text with every macro replaced, or null when it would be longer than `lengthMax` UTF-16 units: it stops where that is
 * certain. For templates and values that come from a partner, since a template can ask for a long value thousands of
 * times.
 */
export function renderMacrosWithin(template: MacroTemplate, values: MacroValues, lengthMax: number): string | null {
  return render(template, values, '', lengthMax);
}

/**
 * The text with every macro replaced, however long it becomes: for trusted text. Values are inserted as they are, but
 * where the macro itself was URL-encoded.
 */
export function renderMacros(template: MacroTemplate, values: MacroValues, mode: RenderMode = 'live'): string {
  return render(template, values, mode === 'audit' ? 'AUDIT' : '', Number.POSITIVE_INFINITY)!;
}

function render(template: MacroTemplate, values: MacroValues, unknown: string, lengthMax: number): string | null {
  const { literals, macros } = template;
  let text = literals[0]!;
  for (let index = 0; index < macros.length; index++) {
    const macro = macros[index]!;
    const value = values[macro.name] ?? unknown;
    // No encoding makes a value shorter, so that one too long need not be encoded to be known as such.
    if (text.length + value.length > lengthMax) return null;
    text += encodeValue(value, macro) + literals[index + 1]!;
  }
  return text.length > lengthMax ? null : text;
}

function encodeValue(value: string, macro: MacroPosition): string {
  if (value === '' || !(macro.base64 || macro.urlEncoded)) return value;
  const text = macro.base64 ? Buffer.from(value, 'utf8').toString('base64') : value;
  // encodeURIComponent throws on a lone surrogate, which JSON can carry; the byte round trip replaces it by U+FFFD.
  return macro.urlEncoded ? encodeURIComponent(Buffer.from(text, 'utf8').toString('utf8')) : text;
}
