/** Native markup (the JSON text in `bid.adm`) with our own trackers among those that it has. */
import { isJsonObject, type JsonObject } from '../../openrtb/mend.ts';
import { parseBounded } from '../../openrtb/native-request.ts';
import { parseJson } from '../../openrtb/parse-json.ts';
import type { NativeRequest } from '../../openrtb/types.ts';

/** What is put in, as text: of the same form in any JSON string. */
export interface NativeTrackers {
  readonly impression: string;
  readonly viewable: string;
  readonly click: string;
}

/** Native 1.2 section 7.6 and 7.7. */
const IMPRESSION = 1;
const VIEWABLE_MRC50 = 2;
const IMAGE = 1;

/**
 * Whether answers may use `eventtrackers` (1.2): it was asked which may be used; else `imptrackers` (1.0, 1.1) count
 * the impression.
 */
export function asksForEventTrackers(request: string): boolean {
  const { eventtrackers } = parseJson(request) as Partial<NativeRequest>;
  return (
    eventtrackers?.some(({ event, methods }) => event === IMPRESSION && methods?.includes(IMAGE) === true) ?? false
  );
}

/** Null: it is no JSON object with the members that hold trackers, or within limits. */
export function trackNative(markup: string, trackers: NativeTrackers, hasEventTrackers: boolean): string | null {
  const content = parseBounded(markup);
  if (!isJsonObject(content)) return null;
  const ad = isJsonObject(content.native) ? content.native : content;
  if (!isJsonObject(ad.link)) return null;
  const isDone = hasEventTrackers ? addEventTrackers(ad, trackers) : append(ad, 'imptrackers', trackers.impression);
  if (!isDone || !addClickTrackers(ad, ad.link, trackers.click)) return null;
  return JSON.stringify(content);
}

function addEventTrackers(ad: JsonObject, { impression, viewable }: NativeTrackers): boolean {
  const image = { method: IMAGE };
  return (
    append(ad, 'eventtrackers', { event: IMPRESSION, ...image, url: impression }) &&
    append(ad, 'eventtrackers', { event: VIEWABLE_MRC50, ...image, url: viewable })
  );
}

/** An asset's own link stands in for that of the ad. */
function addClickTrackers({ assets }: JsonObject, link: JsonObject, url: string): boolean {
  const links = [link];
  for (const asset of Array.isArray(assets) ? assets : []) {
    if (isJsonObject(asset) && isJsonObject(asset.link)) links.push(asset.link);
  }
  return links.every((one) => append(one, 'clicktrackers', url));
}

/** False: there is something else than a list. */
function append(owner: JsonObject, key: string, value: unknown): boolean {
  const list = owner[key];
  if (list === undefined || list === null) {
    owner[key] = [value];
    return true;
  }
  if (!Array.isArray(list)) return false;
  list.push(value);
  return true;
}
