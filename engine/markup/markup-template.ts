/**
 * Markup with places for tracking URLs: cut once, of our own creatives when they are loaded, of a DSP's when it has won. Rendering
 * only joins the pieces.
 */
import type { BidCandidate } from '../auction/types.ts';
import { imagePosition } from './html-markup.ts';
import { trackNative } from './native-markup.ts';
import type { PlaybackPoint, TrackedCode } from './tracked-codes.ts';
import { type VastPart, vastInsertions } from './vast-markup.ts';

export interface TrackingSlot {
  readonly code: TrackedCode;
  /** `token`: what the URL carries, for who makes a URL of his own. */
  readonly form: 'url' | 'token';
  /** Where the click leads, with macros; null: nowhere. */
  readonly target: string | null;
}

/** `literals[0] slots[0] literals[1] slots[1] ... literals[n]`. */
export interface MarkupTemplate {
  readonly literals: readonly string[];
  readonly slots: readonly TrackingSlot[];
}

export type MarkupKind = NonNullable<BidCandidate['sniffedMedia']>;

export interface MarkupRules {
  /** Of video; without `error`, which is always told. */
  readonly playbackPoints: readonly PlaybackPoint[];
  /** Of native. */
  readonly hasEventTrackers: boolean;
}

/** Null: no place was found where a tracker is safe, and the markup is best left alone. */
export function trackedTemplate(markup: string, kind: MarkupKind, rules: MarkupRules): MarkupTemplate | null {
  switch (kind) {
    case 'html':
      return htmlTemplate(markup);
    case 'vast':
    case 'daast':
      return vastTemplate(markup, rules.playbackPoints);
    case 'native':
      return nativeTemplate(markup, rules.hasEventTrackers);
  }
}

/** Markup as it is. */
export function untrackedTemplate(markup: string): MarkupTemplate {
  return { literals: [markup], slots: [] };
}

/** The text with what `fill` gives in each slot. */
export function renderTemplate({ literals, slots }: MarkupTemplate, fill: (slot: TrackingSlot) => string): string {
  let text = literals[0]!;
  for (let index = 0; index < slots.length; index++) text += fill(slots[index]!) + literals[index + 1]!;
  return text;
}

/** Cuts text into literals and slots as it is told them in order. */
export class TemplateBuilder {
  readonly #literals: string[] = [];
  readonly #slots: TrackingSlot[] = [];
  #literal = '';

  text(literal: string): this {
    this.#literal += literal;
    return this;
  }

  url(code: TrackedCode): this {
    return this.slot({ code, form: 'url', target: null });
  }

  slot(slot: TrackingSlot): this {
    this.#literals.push(this.#literal);
    this.#slots.push(slot);
    this.#literal = '';
    return this;
  }

  /** What another template is made of. */
  add({ literals, slots }: MarkupTemplate): this {
    this.text(literals[0]!);
    for (let index = 0; index < slots.length; index++) this.slot(slots[index]!).text(literals[index + 1]!);
    return this;
  }

  build(): MarkupTemplate {
    return { literals: [...this.#literals, this.#literal], slots: this.#slots };
  }
}

/** Out of the flow, so that nothing moves; not `display: none`, which some web views do not load. */
const IMAGE = [
  '<img src="',
  '" width="1" height="1" alt="" style="position:absolute;left:0;top:0;visibility:hidden">',
] as const;

function htmlTemplate(html: string): MarkupTemplate | null {
  const at = imagePosition(html);
  if (at === -1) return null;
  const builder = new TemplateBuilder();
  return builder.text(html.slice(0, at)).text(IMAGE[0]).url('impression').text(IMAGE[1]).text(html.slice(at)).build();
}

function vastTemplate(vast: string, points: readonly PlaybackPoint[]): MarkupTemplate | null {
  const insertions = vastInsertions(vast);
  if (insertions === null) return null;
  const builder = new TemplateBuilder();
  let position = 0;
  for (const { at, part } of insertions) {
    builder.text(vast.slice(position, at));
    VAST_PARTS[part](builder, points);
    position = part === 'linear-content' ? at + '/>'.length : at;
  }
  return builder.text(vast.slice(position)).build();
}

type VastWriter = (builder: TemplateBuilder, points: readonly PlaybackPoint[]) => void;

/** The player puts its error code in the place of the macro (VAST 4.2 section 6). */
const ERROR_CODE = '&e=[ERRORCODE]';

const VAST_PARTS: Readonly<Record<VastPart, VastWriter>> = {
  impression: (builder) =>
    builder
      .text('<Error><![CDATA[')
      .url('error')
      .text(`${ERROR_CODE}]]></Error><Impression id="gavel"><![CDATA[`)
      .url('impression')
      .text(']]></Impression>'),
  viewable: (builder) => builder.text('<Viewable><![CDATA[').url('viewable').text(']]></Viewable>'),
  'viewable-element': (builder, points) => {
    builder.text('<ViewableImpression id="gavel">');
    VAST_PARTS.viewable(builder, points);
    builder.text('</ViewableImpression>');
  },
  events: (builder, points) => {
    for (const point of points) {
      builder.text(`<Tracking event="${point}"><![CDATA[`).url(point).text(']]></Tracking>');
    }
  },
  'events-element': (builder, points) => {
    if (points.length === 0) return;
    builder.text('<TrackingEvents>');
    VAST_PARTS.events(builder, points);
    builder.text('</TrackingEvents>');
  },
  clicks: (builder) => builder.text('<ClickTracking id="gavel"><![CDATA[').url('click').text(']]></ClickTracking>'),
  'clicks-element': (builder, points) => {
    builder.text('<VideoClicks>');
    VAST_PARTS.clicks(builder, points);
    builder.text('</VideoClicks>');
  },
  'linear-content': (builder, points) => {
    builder.text('>');
    VAST_PARTS['events-element'](builder, points);
    VAST_PARTS['clicks-element'](builder, points);
    builder.text('</Linear>');
  },
};

/** Stands for a URL while the JSON is written; no markup that JSON may hold has it as it is written here. */
const NATIVE_MARKS = {
  impression: '\u0000impression\u0000',
  viewable: '\u0000viewable\u0000',
  click: '\u0000click\u0000',
};
const NATIVE_MARK = /\\u0000(impression|viewable|click)\\u0000/;

function nativeTemplate(markup: string, hasEventTrackers: boolean): MarkupTemplate | null {
  if (markup.includes('\\u0000')) return null;
  const marked = trackNative(markup, NATIVE_MARKS, hasEventTrackers);
  if (marked === null) return null;
  const builder = new TemplateBuilder();
  const parts = marked.split(NATIVE_MARK);
  builder.text(parts[0]!);
  for (let index = 1; index < parts.length; index += 2) {
    builder.url(parts[index] as TrackedCode).text(parts[index + 1]!);
  }
  return builder.build();
}
