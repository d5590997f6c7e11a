/**
 * Macros that creatives of our own may hold beside those of OpenRTB, found when a creative is loaded:
 *
 * - `${CLICK_URL}` (or `%%CLICK_URL_UNESC%%`) in front of an address counts the click and leads to that address, which
 *   is signed; alone it counts;
 * - `${VIEWABLE_URL}` is to be called once the ad was in view, by the measure of the creative;
 * - `${CONVERSION_TOKEN}` is what the advertiser sends back to `GET /event?t=TOKEN` when the click has led to a
 *   conversion.
 *
 * Without tracking all of them are empty.
 */
import { type MarkupTemplate, TemplateBuilder } from './markup-template.ts';

/** An address ends where an attribute, a string or a tag does. */
const MACRO =
  /(?:\$\{CLICK_URL\}|%%CLICK_URL_UNESC%%)((?:https?:\/\/|https?%3a%2f%2f)[^\s"'<>`)\\\]]*)?|\$\{CONVERSION_TOKEN\}|\$\{VIEWABLE_URL\}/gi;

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
  return withConversionToken(
    markup.replace(MACRO, (_macro, address: string | undefined) => address ?? ''),
    '',
  );
}

export const CONVERSION_TOKEN = '${CONVERSION_TOKEN}';

/** Of an address that a click leads to. */
export function withConversionToken(address: string, token: string): string {
  return address.replaceAll(CONVERSION_TOKEN, token);
}

function cut(builder: TemplateBuilder, literal: string): void {
  let position = 0;
  for (const match of literal.matchAll(MACRO)) {
    builder.text(literal.slice(position, match.index));
    position = match.index + match[0].length;
    if (/^\$\{CONVERSION/i.test(match[0])) builder.slot({ code: 'conversion', form: 'token', target: null });
    else if (/^\$\{VIEWABLE/i.test(match[0])) builder.url('viewable');
    else builder.slot({ code: 'click', form: 'url', target: match[1] === undefined ? null : plain(match[1]) });
  }
  builder.text(literal.slice(position));
}

/** As it would be asked for: attributes write `&` as an entity, and some creatives encode the whole address. */
function plain(address: string): string {
  const text = address.replace(/&(?:amp|#38|#x26);/gi, '&');
  if (!/^https?%3a/i.test(text)) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
