/** What kind of markup a bid carries, told from its first characters: markup is never parsed strictly. */

export type MarkupKind = 'vast' | 'daast' | 'native' | 'html';

/** Native 1.2 section 5.1 answers with one of these beside or instead of `assets`. */
const NATIVE_MEMBER = /"(?:native|assets|assetsurl|dcourl)"\s*:/;
const SNIFF_LENGTH = 64;

/**
 * VAST and DAAST by their root element, native by its JSON members, all else HTML. A byte order mark, white space, an
 * XML prolog, comments and a doctype may come first.
 */
export function sniffMarkup(adm: string): MarkupKind {
  const start = startOfRoot(adm);
  if (adm[start] === '{') return NATIVE_MEMBER.test(adm) ? 'native' : 'html';
  const root = adm.slice(start, start + SNIFF_LENGTH).toLowerCase();
  if (/^<vast[\s>/]/.test(root)) return 'vast';
  return /^<daast[\s>/]/.test(root) ? 'daast' : 'html';
}

function startOfRoot(adm: string): number {
  let position = 0;
  for (;;) {
    while (isSpace(adm.charCodeAt(position))) position++;
    const end = endOfPreamble(adm, position);
    if (end === -1) return position;
    position = end;
  }
}

/** The end of the prolog, comment or doctype at `position`, or -1 when there is none (or it never ends). */
function endOfPreamble(adm: string, position: number): number {
  if (adm.startsWith('<?', position)) return endOf(adm, '?>', position);
  if (adm.startsWith('<!--', position)) return endOf(adm, '-->', position);
  // An HTML doctype settles the question, but skipping it leads to the same answer.
  if (adm.startsWith('<!', position)) return endOf(adm, '>', position);
  return -1;
}

function endOf(adm: string, terminator: string, position: number): number {
  const index = adm.indexOf(terminator, position);
  return index === -1 ? -1 : index + terminator.length;
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d) || code === 0xfeff || code === 0xa0;
}
