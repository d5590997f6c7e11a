/**
 * Where our own trackers go in a VAST document (2.0 to 4.3): beside those that it has, in each `InLine` and `Wrapper`. It is
 * walked by its tags, comments and CDATA passed over, and never parsed strictly: the specification's own samples are not
 * well formed.
 */
import { tagEnd } from './html-markup.ts';

/**
 * `impression`: an Error and an Impression; `events`, `clicks`: children of TrackingEvents and VideoClicks, or
 * (`…-element`) these themselves; `viewable`: a child of ViewableImpression, or itself, from VAST 4 on; `linear-content`: both in a `<Linear/>` without content, whose `/>` they replace.
 */
export type VastPart =
  | 'impression'
  | 'viewable'
  | 'viewable-element'
  | 'events'
  | 'events-element'
  | 'clicks'
  | 'clicks-element'
  | 'linear-content';

export interface VastInsertion {
  readonly at: number;
  readonly part: VastPart;
}

/** In order of their place. Null: an ad without a place for the impression, or markup that does not end. */
export function vastInsertions(vast: string): readonly VastInsertion[] | null {
  const walk = new VastWalk();
  let position = 0;
  for (;;) {
    const start = vast.indexOf('<', position);
    if (start === -1) return walk.result();
    const skipped = afterNoTag(vast, start);
    if (skipped === null) {
      const tag = tagAt(vast, start);
      if (tag === null) return null;
      if (tag.name === 'VAST' && tag.kind === 'start') walk.hasViewables = VERSION_4.test(vast.slice(start, tag.end));
      if (!walk.visit(tag)) return null;
      position = tag.end;
    } else if (skipped === -1) {
      return null;
    } else {
      position = skipped;
    }
  }
}

/** Earlier ones do not know ViewableImpression. */
const VERSION_4 = /\sversion\s*=\s*["']4/;

interface Tag {
  /** Without namespace. */
  readonly name: string;
  readonly kind: 'start' | 'end' | 'empty';
  readonly start: number;
  readonly end: number;
}

class VastWalk {
  /** Of this document. */
  hasViewables = false;
  readonly #insertions: VastInsertion[] = [];
  #adCount = 0;
  #isInAd = false;
  #isWrapper = false;
  #hasImpression = false;
  #hasViewable = false;
  #creativesAt: number | null = null;
  /** Within a Linear: where TrackingEvents may be put. */
  #eventsAt: number | null = null;
  #hasEvents = false;
  #hasClicks = false;

  /** False: this ad cannot be tracked. */
  visit(tag: Tag): boolean {
    const { name, kind } = tag;
    if (name === 'InLine' || name === 'Wrapper') return kind === 'end' ? this.#endAd() : this.#beginAd(tag);
    if (!this.#isInAd) return true;
    if (name === 'Creatives' && kind !== 'end') this.#creativesAt = tag.start;
    // An ad must have an Impression, and it stands before the creatives; some without are shown all the same.
    if (!this.#hasImpression && kind !== 'end' && (name === 'Impression' || name === 'Creatives')) {
      this.#hasImpression = true;
      this.#insert('impression', tag.start);
    } else if (name === 'ViewableImpression') {
      this.#visitViewable(tag);
    } else if (name === 'Linear') {
      this.#visitLinear(tag);
    } else if (this.#eventsAt !== null) {
      this.#visitInLinear(tag);
    }
    return true;
  }

  result(): readonly VastInsertion[] | null {
    if (this.#adCount === 0 || this.#isInAd) return null;
    return this.#insertions.sort((one, other) => one.at - other.at);
  }

  #beginAd({ name, kind }: Tag): boolean {
    this.#adCount += 1;
    this.#isInAd = true;
    this.#isWrapper = name === 'Wrapper';
    this.#hasImpression = false;
    this.#hasViewable = false;
    this.#creativesAt = null;
    return kind === 'start';
  }

  #endAd(): boolean {
    this.#isInAd = false;
    if (this.hasViewables && !this.#hasViewable && this.#creativesAt !== null) {
      this.#insert('viewable-element', this.#creativesAt);
    }
    return this.#hasImpression;
  }

  /** There is one of them in an ad at most; one without content has no place for ours. */
  #visitViewable({ kind, end }: Tag): void {
    if (this.hasViewables && !this.#hasViewable && kind === 'start') this.#insert('viewable', end);
    this.#hasViewable = true;
  }

  #visitLinear({ kind, start, end }: Tag): void {
    if (kind === 'empty') {
      this.#insert('linear-content', end - 2);
    } else if (kind === 'start') {
      this.#eventsAt = end;
      this.#hasEvents = false;
      this.#hasClicks = false;
    } else if (this.#eventsAt !== null) {
      if (!this.#hasEvents) this.#insert('events-element', this.#eventsAt);
      // An ad of its own without VideoClicks cannot be clicked; what a wrapper leads to perhaps can.
      if (this.#isWrapper && !this.#hasClicks) this.#insert('clicks-element', start);
      this.#eventsAt = null;
    }
  }

  #visitInLinear({ name, kind, start, end }: Tag): void {
    if (name === 'Duration' && kind === 'end') {
      this.#eventsAt = end;
    } else if (name === 'TrackingEvents' && kind === 'start') {
      this.#hasEvents = true;
      this.#insert('events', end);
    } else if (name === 'VideoClicks' && kind === 'end') {
      this.#hasClicks = true;
      this.#insert('clicks', start);
    }
  }

  #insert(part: VastPart, at: number): void {
    this.#insertions.push({ at, part });
  }
}

const NO_TAGS = [
  ['<!--', '-->'],
  ['<![CDATA[', ']]>'],
  ['<?', '?>'],
  ['<!', '>'],
] as const;

/** Behind a comment, CDATA, prolog or doctype; -1: it does not end; null: it is a tag. */
function afterNoTag(vast: string, start: number): number | null {
  for (const [opening, closing] of NO_TAGS) {
    if (!vast.startsWith(opening, start)) continue;
    const index = vast.indexOf(closing, start + opening.length);
    return index === -1 ? -1 : index + closing.length;
  }
  return null;
}

const NAME = /[^\s/>]*/y;

/** Null: it does not end. */
function tagAt(vast: string, start: number): Tag | null {
  const isEnd = vast[start + 1] === '/';
  const end = tagEnd(vast, start + 1);
  if (end === -1) return null;
  NAME.lastIndex = start + (isEnd ? 2 : 1);
  const name = NAME.exec(vast)![0];
  const kind = isEnd ? 'end' : vast[end - 2] === '/' ? 'empty' : 'start';
  return { name: name.slice(name.indexOf(':') + 1), kind, start, end };
}
