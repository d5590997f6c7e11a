/** Text of strangers in what reports print: it neither speaks to a terminal nor is a formula of a spreadsheet. */

/** Of terminals, and what turns the direction of text. */
const CONTROL = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;
/** What spreadsheets take for a formula. */
const FORMULA = /^[=+\-@]/;
const NUMBER = /^-?\d+(?:\.\d+)?$/;

/** Of a table: what controls is spelled as in JSON, `\u001b`. */
export function shownText(text: string): string {
  return text.replace(CONTROL, escaped);
}

/** Of several lines, each shown. */
export function shownLines(text: string): string {
  return text.split('\n').map(shownText).join('\n');
}

/** Of CSV (RFC 4180): besides, what would be a formula has an apostrophe in front. Numbers stay as they are. */
export function csvCell(text: string): string {
  const shown = shownText(text);
  const plain = FORMULA.test(shown) && !NUMBER.test(shown) ? `'${shown}` : shown;
  return /[",]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

/** JSON that says the same with nothing in it that controls. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2).replace(CONTROL, (unit) => (unit === '\n' ? unit : escaped(unit)))}\n`;
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
