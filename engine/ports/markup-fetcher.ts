/** What came of fetching markup. Asking for it is the win notice, so what was asked must not be notified again. */
export type MarkupOutcome =
  /** The body of a 200 answer that came in full before the deadline. */
  | { readonly kind: 'fetched'; readonly markup: string }
  /** Asked, or perhaps asked, and no markup came. */
  | { readonly kind: 'failed' }
  /** Nobody was asked: the URL or its address is not allowed, or no time was left. */
  | { readonly kind: 'not-sent' };

/** Fetches the markup of a winning bid that came without `adm` from its win notice URL (OpenRTB 2.6 section 4.3.1). */
export interface MarkupFetcher {
  /**
   * Calls `onMarkup` exactly once, never synchronously. `deadlineAtMs` is monotonic. The URL came from a DSP; the same
   * host rules hold as for notices.
   */
  readonly fetch: (url: string, deadlineAtMs: number, onMarkup: (outcome: MarkupOutcome) => void) => void;
}
