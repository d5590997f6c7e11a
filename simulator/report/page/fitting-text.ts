/** Names of strangers in the space that a chart has for them. What is too long ends with an ellipsis; the table has it whole. */
import { plainText } from './markup.ts';
import { FONT_SIZE_PX } from './svg-chart.ts';

/**
 * Widths of signs in parts of the font size, as the widest of the usual fonts has them (DejaVu Sans): the page is read with
 * whatever font is there, and a name that is cut early does less harm than one over its neighbour.
 */
const NARROW = /[iljtfr.,:;|!'()[\]/ -]/;
const LOWER_OR_DIGIT = /[a-z0-9_]/;
const WIDE = /[WMmw@%…—]/;
const ASCII = /[!-~]/;

function widthOf(sign: string): number {
  if (NARROW.test(sign)) return 0.42;
  if (WIDE.test(sign)) return 1;
  if (LOWER_OR_DIGIT.test(sign)) return 0.64;
  if (ASCII.test(sign)) return 0.84;
  // Of other scripts; emoji are wider than high.
  return sign.length > 1 ? 1.4 : 1.05;
}

/** As much of it as fits into `widthPx` of a chart. */
export function fittingText(text: string, widthPx: number): string {
  const signs = Array.from(plainText(text));
  const roomFor = widthPx / FONT_SIZE_PX;
  let width = 0;
  let fitting = 0;
  for (const [at, sign] of signs.entries()) {
    width += widthOf(sign);
    if (width > roomFor) return `${signs.slice(0, fitting).join('').trimEnd()}…`;
    if (width + widthOf('…') <= roomFor) fitting = at + 1;
  }
  return signs.join('');
}
