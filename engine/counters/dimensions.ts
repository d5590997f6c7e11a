/** What is counted, and of whom. */

/** What is counted by, coarse before fine. */
export const DIMENSIONS = ['publisher', 'dsp', 'advertiser', 'campaign', 'line-item', 'placement', 'creative'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** What is counted, in the order in which stores keep the numbers. */
export const COUNTED_TYPES = ['win', 'impression', 'viewable', 'click', 'conversion'] as const;
export type CountedType = (typeof COUNTED_TYPES)[number];

/** One of a dimension. */
export interface Thing {
  readonly dimension: Dimension;
  /** `OTHER_ID` where there is no room for more. */
  readonly id: string;
}

/** What things count under that come when a window is full, or have ids that are too long. No id of ours is empty. */
export const OTHER_ID = '';
/** Of an id, in UTF-16 units: longer ones would fill the store. */
export const THING_ID_LENGTH_MAX = 256;

export interface CountedEvent {
  readonly offset: number;
  /** Idempotency key. */
  readonly id: string;
  /** When it happened, epoch ms: names the window. */
  readonly atMs: number;
  readonly type: CountedType;
  readonly things: readonly Thing[];
  /** What its payer owes for it; null: nothing, or impressions that were sold before. */
  readonly spend: { readonly currency: string; readonly nanos: number } | null;
}
