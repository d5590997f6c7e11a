/** What the ingress hands ad requests to. */
import type { BidResponse } from '../../openrtb/types.ts';

export interface AdAnswer {
  readonly httpStatus: 200 | 400 | 413;
  /** An OpenRTB response; for refused requests with `nbr` and, in `ext.gavel.error`, what is wrong where. */
  readonly body: BidResponse;
}

export interface AdRequests {
  /**
   * Whether there is room for a request, before anything is spent on it. `account` is who the URL says asks, "" for nobody;
   * `body` is null when it is compressed. Null: there is none, answer 429. Otherwise the place must be used or given back.
   */
  readonly admit: (account: string, body: Uint8Array | null) => AdRequestPlace | null;
}

/** Room for one request: exactly one of `take` and `giveBack` is called, once. */
export interface AdRequestPlace {
  /**
   * Takes the request body, inflated and unparsed. Calls `onAnswer` at most once, never after `cancel`. Times are monotonic
   * ms. Returns `cancel`: the client is gone, nothing is to be answered or charged.
   */
  readonly take: (body: Uint8Array, arrivedAtMs: number, onAnswer: (answer: AdAnswer) => void) => () => void;
  /** No request comes of it: its body cannot be inflated, or its client is gone. */
  readonly giveBack: () => void;
}

/** The answer to a request that cannot be used; `path` is the JSON path of the fault, empty for the whole. */
export function refusal(
  httpStatus: 400 | 413,
  error: { readonly path: string; readonly code: string; readonly message: string },
  nbr: number,
  requestId: string | null,
): AdAnswer {
  return { httpStatus, body: { id: requestId ?? '', nbr, ext: { gavel: { error } } } };
}
