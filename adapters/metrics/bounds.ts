/** Seconds. Resolves 1 to 150 ms around the deadlines of an auction (100 ms whole request, 20 and 30 ms DSP marks). */
export const LATENCY_BOUNDS_SECONDS = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.09, 0.1, 0.12, 0.15, 0.25, 0.5, 1,
] as const;

/** Seconds, of calls to one DSP: without the marks of whole requests, since each bound is a series for every DSP. */
export const DSP_LATENCY_BOUNDS_SECONDS = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.08, 0.1, 0.15, 0.25, 0.5, 1,
] as const;

/** Units of the auction currency per thousand impressions. */
export const PRICE_BOUNDS_CPM = [0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 7.5, 10, 15, 20, 50] as const;
