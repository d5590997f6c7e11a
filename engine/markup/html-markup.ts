/** Where an image may be put into HTML so that it is loaded once and nothing else changes. HTML is walked, never parsed strictly. */

const TAG_NAME = /[a-zA-Z][^\s/>]*/y;
const OPTIONAL_TAGS = /^(?:!doctype|html|head|body)$/i;
/** What a document may have in front of its body. Anything else begins one that shows no tag, and nothing is looked for within. */
const EMPTY_HEAD_ELEMENTS = new Set(['meta', 'link', 'base']);
/** Likewise; what stands in them is text to a browser, tags and all. */
const RAW_HEAD_ELEMENTS = new Set(['script', 'style', 'title', 'noscript']);
const SCRIPT = /<script/i;
/** May forbid images. */
const POLICY = /content-security-policy/i;
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
    if (isForbidden(name, html.slice(open, next.end))) return -1;
    if (!isInFrontOfBody(name)) return open;
    if (name !== '') isFragment = false;
    position = next.end;
  }
}

/** Nothing that is put into such a document would be loaded. */
function isForbidden(name: string, text: string): boolean {
  switch (name) {
    case 'frameset':
      return true;
    case 'html':
      return AMP.test(text);
    case 'meta':
      return POLICY.test(text);
    case 'script':
      return hasNestedScript(text);
    default:
      return false;
  }
}

/** A script that has a comment with another script in it ends elsewhere than it seems to. */
function hasNestedScript(text: string): boolean {
  const commentAt = text.indexOf('<!--');
  return commentAt !== -1 && SCRIPT.test(text.slice(commentAt));
}

function isInFrontOfBody(name: string): boolean {
  if (name === '' || name === '/head') return true;
  return OPTIONAL_TAGS.test(name) || EMPTY_HEAD_ELEMENTS.has(name) || RAW_HEAD_ELEMENTS.has(name);
}

const DOCUMENT_ENDS = new Set(['head', 'html']);
const COMMENT_END = /--!?>/g;

interface Tag {
  /** Lower case; `!doctype` for a doctype, `/head` and `/html` for their ends; empty for comments, other end tags and what only looks like a tag. */
  readonly name: string;
  /** Behind it; of raw elements behind their end tag. */
  readonly end: number;
}

/** -1: what begins here does not end. */
function afterTag(html: string, open: number): Tag | -1 {
  if (html.startsWith('<!--', open)) return ending('', commentEnd(html, open + 4));
  if (html[open + 1] === '!') return ending('!doctype', html.indexOf('>', open) + 1);
  const isEnd = html[open + 1] === '/';
  const nameAt = isEnd ? open + 2 : open + 1;
  TAG_NAME.lastIndex = nameAt;
  const name = TAG_NAME.exec(html)?.[0].toLowerCase();
  if (name === undefined) return { name: '', end: open + 1 };
  const end = tagEnd(html, nameAt + name.length);
  if (end === -1) return -1;
  if (isEnd) return { name: DOCUMENT_ENDS.has(name) ? `/${name}` : '', end };
  if (!RAW_HEAD_ELEMENTS.has(name)) return { name, end };
  const close = closingTag(html, name, end);
  return close === -1 ? -1 : { name, end: close };
}

function ending(name: string, end: number): Tag | -1 {
  return end <= 0 ? -1 : { name, end };
}

/** `from`: behind `<!--`, which `>` and `->` end at once. -1: nothing does. */
function commentEnd(html: string, from: number): number {
  if (html[from] === '>') return from + 1;
  if (html.startsWith('->', from)) return from + 2;
  COMMENT_END.lastIndex = from;
  return COMMENT_END.test(html) ? COMMENT_END.lastIndex : -1;
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

const NAME_END = /[\s/>]/;

function closingTag(html: string, name: string, from: number): number {
  let position = from;
  for (;;) {
    const close = html.indexOf('</', position);
    if (close === -1) return -1;
    const nameEnd = close + 2 + name.length;
    if (html.slice(close + 2, nameEnd).toLowerCase() === name && NAME_END.test(html[nameEnd] ?? '')) {
      return tagEnd(html, nameEnd);
    }
    position = close + 2;
  }
}
