/**
 * Wishes of single DSPs that no protocol version covers. To add one: name it in `QUIRKS`, describe it, and transform the
 * request; configuration then accepts the name in `dsps[].quirks`. Requests are never changed in place.
 */
import type { BidRequest, Imp } from '../../openrtb/types.ts';

type Transform = (request: BidRequest) => BidRequest;

const QUIRKS = {
  /** `native.request` as a JSON object, not as text (allowed by the Native documents' own examples). */
  'native-request-as-object': (request) => ({ ...request, imp: request.imp.map(withNativeObject) }),
  /** Adds `imp[].banner.w/h`, those of the first sized format: bidders from before 2.4 read nothing else. */
  'banner-size-in-w-h': (request) => ({ ...request, imp: request.imp.map(withPlainSize) }),
} as const satisfies Record<string, Transform>;

export type Quirk = keyof typeof QUIRKS;

export const QUIRK_NAMES = Object.keys(QUIRKS) as Quirk[];

export function applyQuirks(request: BidRequest, quirks: readonly Quirk[]): BidRequest {
  let result = request;
  for (const quirk of quirks) result = QUIRKS[quirk](result);
  return result;
}

function withNativeObject(imp: Imp): Imp {
  if (imp.native === undefined) return imp;
  // The reader has made the text valid JSON; the wire type says string, this DSP says object.
  const request = JSON.parse(imp.native.request) as unknown as string;
  return { ...imp, native: { ...imp.native, request } };
}

function withPlainSize(imp: Imp): Imp {
  const first = imp.banner?.format?.find((format) => format.w !== undefined && format.h !== undefined);
  if (imp.banner === undefined || first === undefined || imp.banner.w !== undefined) return imp;
  return { ...imp, banner: { ...imp.banner, w: first.w, h: first.h } as Imp['banner'] & object };
}
