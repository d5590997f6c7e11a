/** The JSON text in `imp.native.request`: its spellings brought to one, and the structural rules of Native 1.2. */
import { Buffer } from 'node:buffer';
import { guardJson, REQUEST_LIMITS } from './json-guard.ts';
import type { Validator } from './json-schema.ts';
import { isJsonObject, type JsonObject, mendObject } from './mend.ts';
import type { MessageReading } from './message-reading.ts';
import { nativeRequest } from './model/native-objects.ts';
import type { NativeAsset, NativeRequest } from './types.ts';

/** Exactly one of these makes an asset (Native 1.2 section 4.2). */
export const NATIVE_ASSET_KINDS = ['title', 'img', 'video', 'data'] as const;

export type NativeAssetKind = (typeof NATIVE_ASSET_KINDS)[number];

/**
 * The request as Native 1.2 text, or null when a buyer could not answer it (reported as `native-invalid`). The text of
 * a flawless request is returned as it came. Enumerations are open, so no value of them is refused.
 */
export function readNativeRequest(request: unknown, reading: MessageReading, isFinal: Validator): string | null {
  const opened = openEncoding(request, reading);
  if (opened === null) return invalid('must hold a JSON object', reading);
  const { content, isMended } = opened;
  if (isFinal(content)) {
    const numbered = withAssetIds(content as unknown as NativeRequest, reading);
    const flaw = flawOf(numbered);
    if (flaw !== null) return invalid(flaw, reading);
    return isMended || numbered !== (content as unknown) ? JSON.stringify(numbered) : (request as string);
  }
  const mended = mendObject(nativeRequest, content, reading);
  if (mended === undefined) return invalid('lacks what a buyer must know, or holds it in an unreadable form', reading);
  const numbered = withAssetIds(mended as unknown as NativeRequest, reading);
  const flaw = flawOf(numbered);
  return flaw === null ? JSON.stringify(numbered) : invalid(flaw, reading);
}

function invalid(message: string, reading: MessageReading): null {
  reading.report('native-invalid', `the native request ${message}`);
  return null;
}

interface OpenedRequest {
  readonly content: JsonObject;
  /** The content is not what stood in the string. */
  readonly isMended: boolean;
}

function openEncoding(request: unknown, reading: MessageReading): OpenedRequest | null {
  if (isJsonObject(request)) {
    reading.report('native-object', 'must be a string of JSON; the object is encoded');
    return openWrapper(request, true, reading);
  }
  if (typeof request !== 'string') return null;
  const content = parseBounded(request);
  if (typeof content !== 'string') return isJsonObject(content) ? openWrapper(content, false, reading) : null;
  reading.report('native-double-encoded', 'was encoded twice; decoded once');
  const inner = parseBounded(content);
  return isJsonObject(inner) ? openWrapper(inner, true, reading) : null;
}

/** Native 1.0 put the request into an object of its own. */
function openWrapper(content: JsonObject, isMended: boolean, reading: MessageReading): OpenedRequest {
  if (!isJsonObject(content.native)) return { content, isMended };
  reading.report('native-wrapper', 'the wrapper of Native 1.0 is taken off');
  return { content: content.native, isMended: true };
}

/** JSON inside JSON escaped the guard of the message. Undefined when it is none, or too deep or wide. */
export function parseBounded(text: string): unknown {
  if (guardJson(Buffer.from(text, 'utf8'), REQUEST_LIMITS) !== null) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Numbers the assets when none has an id, as Prebid does: answers are matched by id. */
function withAssetIds(request: NativeRequest, reading: MessageReading): NativeRequest {
  if (request.assets.some((asset) => asset.id !== undefined)) return request;
  reading.report('native-unnumbered-assets', 'the assets have no id; numbered in their order');
  return { ...request, assets: request.assets.map((asset, index) => ({ ...asset, id: index })) };
}

/** What makes the request unanswerable, as the end of "the native request ...", or null. */
function flawOf(request: NativeRequest): string | null {
  const ids = new Set<number>();
  for (const [index, asset] of request.assets.entries()) {
    if (kindsOf(asset) !== 1) return `must give assets[${index}] exactly one of ${NATIVE_ASSET_KINDS.join(', ')}`;
    if (asset.id === undefined) return `gives ids to some assets only, not to assets[${index}]`;
    if (ids.has(asset.id)) return `has two assets with id ${asset.id}`;
    ids.add(asset.id);
  }
  return null;
}

function kindsOf(asset: NativeAsset): number {
  return NATIVE_ASSET_KINDS.filter((kind) => asset[kind] !== undefined).length;
}
