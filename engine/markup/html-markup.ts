/** Where an image may be put into HTML so that it is loaded once and nothing else changes. HTML is walked, never parsed strictly. */

const TAG_NAME = /[a-zA-Z][^\s/>]*/y;
/** What stands in them is text, or is not shown. */
const RAW_ELEMENTS = new Set(['script', 'style', 'title', 'textarea', 'template', 'noscript', 'iframe', 'xmp']);
const OPTIONAL_TAGS = /^(?:!doctype|html|head|body)$/i;
/** What a document may have in front of its body; anything else begins one that shows no tag. */
const HEAD_ELEMENTS = new Set(['meta', 'link', 'base', 'script', 'style', 'title', 'noscript', 'template']);
/** An AMP ad may hold no plain image, and is not shown at all when it does. */
const AMP = /^<html[^>]*(?:⚡4ads|amp4ads|⚡|\samp[\s>])/i;

/**
 * In front of a fragment; in a document behind `<body>`, or where its body begins without a tag. -1: there is no such place (frames,
 * AMP, text without any tag).
 */
export function imagePosition(html: string): number {
  let position = 0;
  let isFragment = true;
  /** Where a body of nothing but text is: behind the head, and in front of the end of the document. */
  let textAt = -1;
  for (;;) {
    const open = html.indexOf('<', position);
    if (open === -1) return textAt;
    const next = afterTag(html, open);
    if (next === -1) return -1;
    const { name } = next;
    if (name === '/html') return textAt === -1 ? open : textAt;
    if (name === '/head') textAt = next.end;
    else if (isFragment && name !== '' && !OPTIONAL_TAGS.test(name)) return 0;
    if (name === 'body') return next.end;
    if (name === 'frameset' || (name === 'html' && AMP.test(html.slice(open, next.end)))) return -1;
    if (name !== '' && name !== '/head' && !OPTIONAL_TAGS.test(name) && !HEAD_ELEMENTS.has(name)) return open;
    if (name !== '') isFragment = false;
    position = next.end;
  }
}

const DOCUMENT_END = /^<(\/(?:head|html))[\s>]/i;
const END_TAG_LENGTH = '</head>'.length;

interface Tag {
  /** Lower case; `!doctype` for a doctype, `/head` and `/html` for their ends; empty for comments, other end tags and what only looks like a tag. */
  readonly name: string;
  /** Behind it; of raw elements behind their end tag. */
  readonly end: number;
}

/** -1: what begins here does not end. */
function afterTag(html: string, open: number): Tag | -1 {
  if (html.startsWith('<!--', open)) return ending('', html.indexOf('-->', open + 4), 3);
  if (html[open + 1] === '!') return ending('!doctype', html.indexOf('>', open), 1);
  const endTag = DOCUMENT_END.exec(html.slice(open, open + END_TAG_LENGTH));
  if (endTag !== null) return ending(endTag[1]!.toLowerCase(), html.indexOf('>', open), 1);
  TAG_NAME.lastIndex = open + 1;
  const name = TAG_NAME.exec(html)?.[0].toLowerCase();
  if (name === undefined) return { name: '', end: open + 1 };
  const end = tagEnd(html, open + 1 + name.length);
  if (end === -1) return -1;
  if (!RAW_ELEMENTS.has(name)) return { name, end };
  const close = closingTag(html, name, end);
  return close === -1 ? -1 : { name, end: close };
}

function ending(name: string, index: number, length: number): Tag | -1 {
  return index === -1 ? -1 : { name, end: index + length };
}

/** Behind the `>` that ends a tag: those within quotes do not. */
export function tagEnd(text: string, from: number): number {
  let quote = '';
  for (let index = from; index < text.length; index++) {
    const character = text[index]!;
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if (character === '"' || character === "'") quote = character;
    else if (character === '>') return index + 1;
  }
  return -1;
}

function closingTag(html: string, name: string, from: number): number {
  let position = from;
  for (;;) {
    const close = html.indexOf('</', position);
    if (close === -1) return -1;
    const nameEnd = close + 2 + name.length;
    if (html.slice(close + 2, nameEnd).toLowerCase() === name) return tagEnd(html, nameEnd);
    position = close + 2;
  }
}
