/** What a native ad (the JSON text in `bid.adm`, Native 1.2 section 5) holds and must hold, as far as an auction asks. */
import { isJsonObject, type JsonObject } from './mend.ts';
import { NATIVE_ASSET_KINDS, type NativeAssetKind, parseBounded } from './native-request.ts';
import { parseJson } from './parse-json.ts';
import type { NativeRequest } from './types.ts';

/** An asset by what an answer is matched with: `3 img`. */
export type NativeAssetKey = `${number} ${NativeAssetKind}`;

export interface NativeAnswer {
  /** It says where a click leads: `link.url`, which is required (5.1). */
  readonly hasLink: boolean;
  /** The assets that hold something, each once; null when they are fetched from elsewhere (`assetsurl`, `dcourl`). */
  readonly assets: readonly NativeAssetKey[] | null;
}

/** The assets that the request marks with `required: 1`, each once. Expects text that the request reader let pass. */
export function requiredAssetsOf(request: string): NativeAssetKey[] {
  const { assets = [] } = parseJson(request) as Partial<NativeRequest>;
  const keys: NativeAssetKey[] = [];
  for (const asset of assets) {
    const kind = NATIVE_ASSET_KINDS.find((key) => asset[key] !== undefined);
    if (asset.required === 1 && asset.id !== undefined && kind !== undefined) keys.push(`${asset.id} ${kind}`);
  }
  return keys;
}

const NOTHING: NativeAnswer = { hasLink: false, assets: [] };

/** Markup that is no JSON object, or breaks the limits of JSON inside strings, shows nothing. */
export function readNativeAnswer(markup: string): NativeAnswer {
  const content = parseBounded(markup);
  if (!isJsonObject(content)) return NOTHING;
  // Fetched markup comes as its sender wrote it, so perhaps in the wrapper of Native 1.0.
  const answer = isJsonObject(content.native) ? content.native : content;
  return {
    hasLink: isJsonObject(answer.link) && isText(answer.link.url),
    assets: isText(answer.assetsurl) || isText(answer.dcourl) ? null : assetsOf(answer.assets),
  };
}

function assetsOf(assets: unknown): NativeAssetKey[] {
  if (!Array.isArray(assets)) return [];
  const keys = new Set<NativeAssetKey>();
  for (const asset of assets) {
    if (!isJsonObject(asset)) continue;
    const id = idOf(asset.id);
    const kind = filledKind(asset);
    if (id !== null && kind !== undefined) keys.add(`${id} ${kind}`);
  }
  return [...keys];
}

/** Some partners write it as text, as with any integer. */
function idOf(value: unknown): number | null {
  const id = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return Number.isSafeInteger(id) ? (id as number) : null;
}

/** The member of each kind that must be there (5.3 to 5.6). */
const CONTENT: Readonly<Record<NativeAssetKind, string>> = {
  title: 'text',
  img: 'url',
  video: 'vasttag',
  data: 'value',
};

function filledKind(asset: JsonObject): NativeAssetKind | undefined {
  return NATIVE_ASSET_KINDS.find((kind) => {
    const part = asset[kind];
    if (!isJsonObject(part)) return false;
    const content = part[CONTENT[kind]];
    // Ratings and prices are data that some write as numbers.
    return isText(content) || typeof content === 'number';
  });
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '';
}
