/**
 * Macros that creatives of our own may hold beside those of OpenRTB, found when a creative is loaded:
 *
 * - `${CLICK_URL}` (or `%%CLICK_URL_UNESC%%`) in front of an http or https address counts the click and leads to that address,
 *   which is signed; alone it counts. In front of anything else it vanishes: who clicks gets where the ad says;
 * - `${VIEWABLE_URL}` is to be called once the ad was in view, by the measure of the creative;
 * - `${CONVERSION_TOKEN}` is what the advertiser sends back to `GET /event?t=TOKEN` when the click has led to a
 *   conversion.
 *
 * Without tracking all of them are empty.
 */
import { type MarkupTemplate, TemplateBuilder } from './markup-template.ts';

const MACRO = /\$\{CLICK_URL\}|%%CLICK_URL_UNESC%%|\$\{CONVERSION_TOKEN\}|\$\{VIEWABLE_URL\}/gi;
/** What an address that is in quotes or brackets ends with. */
const CLOSING: Readonly<Record<string, string>> = { '"': '"', "'": "'", '`': '`', '(': ')' };
const UNQUOTED_END = /[\s"'<>`)\\\]]|$/g;
/** Plain, with slashes as scripts write them, or encoded whole. */
const WEB_ADDRESS = /^https?(?::\/\/|:\\\/\\\/|%3a%2f%2f)/i;
/** A script that puts an address behind: no URL of ours can have it. */
const JOINED = /^["'`]\s*\+/;

/** The same template with slots in the place of macros. */
export function withCreativeMacros({ literals, slots }: MarkupTemplate): MarkupTemplate {
  const builder = new TemplateBuilder();
  for (let index = 0; index < literals.length; index++) {
    cut(builder, literals[index]!);
    if (index < slots.length) builder.slot(slots[index]!);
  }
  return builder.build();
}

/** The markup as it is shown when nothing is tracked. */
export function withoutCreativeMacros(markup: string): string {
  return markup.replace(MACRO, '');
}

export const CONVERSION_TOKEN = '${CONVERSION_TOKEN}';

/** Of an address that a click leads to. */
export function withConversionToken(address: string, token: string): string {
  return address.replaceAll(CONVERSION_TOKEN, token);
}

function cut(builder: TemplateBuilder, literal: string): void {
  let position = 0;
  for (const match of literal.matchAll(MACRO)) {
    // Within the address of a click.
    if (match.index < position) continue;
    builder.text(literal.slice(position, match.index));
    position = match.index + match[0].length;
    if (/^\$\{CONVERSION/i.test(match[0])) {
      builder.slot({ code: 'conversion', form: 'token', target: null });
      continue;
    }
    if (/^\$\{VIEWABLE/i.test(match[0])) {
      builder.url('viewable');
      continue;
    }
    const end = addressEnd(literal, match.index, position);
    const address = literal.slice(position, end);
    const target = webAddress(address);
    if (target === null && (address !== '' || JOINED.test(literal.slice(position, position + 8)))) continue;
    builder.slot({ code: 'click', form: 'url', target });
    position = end;
  }
  builder.text(literal.slice(position));
}

/** Of what is behind a macro that stands at `macroAt`. */
function addressEnd(literal: string, macroAt: number, from: number): number {
  const closing = CLOSING[literal[macroAt - 1] ?? ''];
  const end = closing === undefined ? -1 : literal.indexOf(closing, from);
  if (end === -1) {
    UNQUOTED_END.lastIndex = from;
    return UNQUOTED_END.exec(literal)!.index;
  }
  // Quotes within a string are escaped, both of them.
  return end > from && literal[macroAt - 2] === '\\' && literal[end - 1] === '\\' ? end - 1 : end;
}

/** As it would be asked for: attributes write `&` as an entity, scripts `/` as `\/`, and some creatives encode the whole. Null: none. */
function webAddress(address: string): string | null {
  if (!WEB_ADDRESS.test(address)) return null;
  const text = address
    .replace(/&(?:amp|#38|#x26);/gi, '&')
    .replaceAll('\\/', '/')
    .trim()
    .replace(/\s/g, '%20');
  if (/[\\<>]/.test(text)) return null;
  if (!/^https?%3a/i.test(text)) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
