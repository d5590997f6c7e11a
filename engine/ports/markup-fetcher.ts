/** Fetches the markup of a winning bid that came without `adm` from its win notice URL (OpenRTB 2.6 section 4.3.1). */
export interface MarkupFetcher {
  /**
   * Calls `onMarkup` exactly once, never synchronously: with the body of a 200 answer that came in full before the
   * deadline (monotonic ms), or with null. The URL came from a DSP; the same host rules hold as for notices.
   */
  readonly fetch: (dspId: string, url: string, deadlineAtMs: number, onMarkup: (markup: string | null) => void) => void;
}
