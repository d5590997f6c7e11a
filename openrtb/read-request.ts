/** Bytes from a publisher to a bid request in final shape, or the reason why not. */
import { NoBidReason } from './codes.ts';
import type { Diagnostic, Strictness } from './diagnostics.ts';
import { identifierOf } from './identifier.ts';
import { decodeJsonText, type GuardLimits, guardJson, REQUEST_LIMITS } from './json-guard.ts';
import { compileValidator } from './json-schema.ts';
import { isJsonObject, isPresent, type JsonObject, mendFields, mendObject } from './mend.ts';
import { MessageReading } from './message-reading.ts';
import { supplyChain } from './model/context-objects.ts';
import { bidRequest } from './model/request-objects.ts';
import { parseJson } from './parse-json.ts';
import type { RuleCode } from './policy.ts';
import { applyRequestRules } from './request-rules.ts';
import type { BidRequest } from './types.ts';

export type RequestReading =
  | {
      readonly kind: 'ok';
      /** In 2.6 shape, holding known fields only (`ext` objects are opaque and kept). */
      readonly request: BidRequest;
      readonly diagnostics: readonly Diagnostic[];
    }
  | {
      readonly kind: 'rejected';
      /** The first cause, with the path that its sender must mend. */
      readonly diagnostic: Diagnostic;
      readonly nbr: NoBidReason;
      readonly httpStatus: 400 | 413;
      /** To answer with; null when the message names none. */
      readonly requestId: string | null;
      readonly diagnostics: readonly Diagnostic[];
    };

export interface RequestReaderOptions {
  readonly limits?: GuardLimits;
  /** Gives an id to requests without one, which are rejected otherwise. */
  readonly generateRequestId?: () => string;
}

/** Never throws, whatever the bytes are. `partner` defaults to the strictness `default`. */
export type RequestReader = (body: Uint8Array, partner?: { readonly strictness: Strictness }) => RequestReading;

/** Compiles the schemas: call once, at start. */
export function createRequestReader(options: RequestReaderOptions = {}): RequestReader {
  const limits = options.limits ?? REQUEST_LIMITS;
  const isFinal = compileValidator('request');
  const isFinalNative = compileValidator('native-request');
  return (body, partner) => {
    const strictness = partner?.strictness ?? 'default';
    const violation = guardJson(body, limits);
    if (violation !== null) return rejectUnparsed(violation.code, violation.message, strictness);
    const text = decodeJsonText(body);
    const raw = parseJson(text);
    if (raw === undefined) return rejectUnparsed('not-json', 'is not valid JSON', strictness);
    if (!isJsonObject(raw)) return rejectUnparsed('root-not-object', 'must be a JSON object', strictness);
    const reading = new MessageReading(strictness, text);
    const request = isFinal(raw) ? (raw as unknown as BidRequest) : mendRequest(raw, options, reading);
    if (request) applyRequestRules(request, reading, isFinalNative);
    return conclude(raw, request, reading, limits);
  };
}

function rejectUnparsed(code: RuleCode, message: string, strictness: Strictness): RequestReading {
  const reading = new MessageReading(strictness, '');
  reading.report(code, message);
  return rejected(reading, null, code === 'too-large' ? 413 : 400);
}

function mendRequest(raw: JsonObject, options: RequestReaderOptions, reading: MessageReading): BidRequest | undefined {
  const mended = mendFields(bidRequest, raw, reading);
  if (mended === undefined) return undefined;
  promoteRootSupplyChain(mended, reading);
  if (mended.id === undefined && options.generateRequestId) mended.id = options.generateRequestId();
  if (mended.id === undefined) reading.report('missing-request-id', 'needs an id', 'id');
  return mended as unknown as BidRequest;
}

/** OpenRTB 2.4 kept the supply chain in the ext of the request; 2.5 in that of the source. */
function promoteRootSupplyChain(request: JsonObject, reading: MessageReading): void {
  const ext = request.ext as JsonObject | undefined;
  if (!isPresent(ext?.schain)) return;
  const { schain, ...rest } = ext!;
  reading.enter('ext');
  reading.enter('schain');
  reading.report('legacy-place', 'belongs to source.schain since 2.6; moved');
  const source = request.source as JsonObject | undefined;
  if (source?.schain === undefined && isJsonObject(schain)) {
    const chain = mendObject(supplyChain, schain, reading);
    if (chain) request.source = { ...source, schain: chain };
  }
  reading.leave();
  reading.leave();
  if (Object.keys(rest).length > 0) request.ext = rest;
  else delete request.ext;
}

function conclude(
  raw: JsonObject,
  request: BidRequest | undefined,
  reading: MessageReading,
  limits: GuardLimits,
): RequestReading {
  // The guard has counted them already, unless the key was spelt with escapes.
  if ((request?.imp?.length ?? 0) > limits.impsMax) {
    reading.report('too-many-imps', `more than ${limits.impsMax} imps`, 'imp');
  }
  if (reading.rejection === null && !request?.imp?.length) reportNoImp(request, reading);
  if (reading.rejection !== null || request === undefined) return rejected(reading, requestIdOf(raw, request), 400);
  return { kind: 'ok', request, diagnostics: reading.diagnostics };
}

/** Names what made the request or its first imp unusable, since that is the place to mend. */
function reportNoImp(request: BidRequest | undefined, reading: MessageReading): void {
  const drops = reading.diagnostics.filter(({ severity }) => severity === 'drop');
  const cause = request === undefined ? drops.find(({ path }) => costsTheRequest(path)) : causeOfLostImp(drops);
  if (cause) reading.reject({ ...cause, severity: 'reject' });
  else reading.report('no-usable-imp', request?.imp ? 'holds no usable imp' : 'needs at least one imp', 'imp');
}

function costsTheRequest(path: string): boolean {
  return !path.startsWith('imp[') && !path.includes('eids[');
}

/** Media explain the loss of an imp only if it has none left. */
function causeOfLostImp(drops: readonly Diagnostic[]): Diagnostic | undefined {
  const costly = drops.filter(({ path }) => IMP.test(path) && !OPTIONAL_UNIT.test(path));
  const imp = costly[0] && IMP.exec(costly[0].path)![0];
  const ofImp = costly.filter(({ path }) => IMP.exec(path)![0] === imp);
  const lostItsMedia = ofImp.some(({ code }) => code === 'no-media');
  return lostItsMedia ? ofImp[0] : (ofImp.find(({ path }) => !MEDIUM.test(path)) ?? ofImp[0]);
}

const IMP = /^imp\[\d+\]/;
const MEDIUM = /^imp\[\d+\]\.(?:banner|video|audio|native)\b/;
/** What may be left out of an imp without costing it. */
const OPTIONAL_UNIT = /\.(?:deals|companionad)\[/;

function rejected(reading: MessageReading, requestId: string | null, httpStatus: 400 | 413): RequestReading {
  const { rejection, diagnostics } = reading;
  return {
    kind: 'rejected',
    diagnostic: rejection!,
    nbr: NoBidReason.InvalidRequest,
    httpStatus,
    requestId,
    diagnostics,
  };
}

function requestIdOf(raw: JsonObject, request: BidRequest | undefined): string | null {
  return identifierOf(request?.id ?? raw.id);
}
