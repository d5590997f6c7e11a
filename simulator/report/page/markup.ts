/** HTML in which only what this project has written is markup: whatever is put into a template is text. */

/** Safe to be sent as it is. */
export class Markup {
  readonly text: string;

  /** `text` is HTML that we have made. */
  constructor(text: string) {
    this.text = text;
  }
}

export type Content = Markup | string | number | null | readonly Content[];

/** A template of HTML. Strings in it are escaped, also within attributes; null is nothing; lists are joined. */
export function html(parts: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  let text = parts[0]!;
  for (const [at, content] of contents.entries()) text += textOf(content) + parts[at + 1]!;
  return new Markup(text);
}

function textOf(content: Content): string {
  if (content === null) return '';
  if (content instanceof Markup) return content.text;
  if (typeof content === 'object') return content.map(textOf).join('');
  return escapeHtml(plainText(String(content)));
}

/** Of strangers: what speaks to terminals, and what turns the direction of the text around it. Line breaks too. */
const CONTROL = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** Text with nothing in it that controls: each such sign becomes U+FFFD. */
export function plainText(text: string): string {
  return text.replace(CONTROL, '\ufffd');
}

/** Ids are as long as strangers make them; a label of a chart is not. */
export function shortText(text: string, lengthMax: number): string {
  const signs = Array.from(plainText(text));
  return signs.length <= lengthMax ? signs.join('') : `${signs.slice(0, lengthMax - 1).join('')}…`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => ENTITIES[sign]!);
}
