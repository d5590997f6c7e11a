/** The documented semantics of targeting, line item by line item and straight from the request: what the index must equal. */
import type { BidRequest, Imp } from '../../../../openrtb/types.ts';
import type { AuctionImp, MediaType } from '../../../auction/types.ts';
import type { BookedLineItem } from '../../booked-line-item.ts';
import type { Choice, Creative } from '../../campaign.ts';

export function mayServe(
  { lineItem, campaign, advertiser, creatives }: BookedLineItem,
  request: BidRequest,
  imp: Imp,
  offer: AuctionImp,
  nowMs: number,
): boolean {
  const { targeting } = lineItem;
  if (advertiser.isPaused || campaign.status !== 'active' || lineItem.isPaused) return false;
  if (nowMs < campaign.startAt || (campaign.endAt !== null && nowMs >= campaign.endAt)) return false;
  const { device, site, app, user } = request;
  const country = device?.geo?.country;
  const region = device?.geo?.region;
  const publisher = (app ?? site)?.publisher?.id;
  const equal = <T>(a: T, b: T) => a === b;
  return (
    suits(targeting.countries, listed(country), equal) &&
    suits(targeting.regions, country && region ? [`${country}/${region}`] : [], equal) &&
    suits(targeting.deviceTypes, listed(device?.devicetype || undefined), equal) &&
    suits(targeting.operatingSystems, listed(device?.os?.toLowerCase()), equal) &&
    suits(targeting.inventory, listed(app === undefined ? site?.domain : app.bundle), (wanted, found) =>
      app === undefined ? `.${found}`.endsWith(`.${wanted}`) : found === wanted,
    ) &&
    suits(
      targeting.categories,
      (app ?? site)?.cattax === 2 ? [] : [...((app ?? site)?.cat ?? []), ...((app ?? site)?.pagecat ?? [])],
      (wanted, found) => found === wanted || found.startsWith(`${wanted}-`),
    ) &&
    suits(targeting.publishers, listed(publisher), equal) &&
    suits(
      targeting.placements,
      listed(imp.tagid),
      (wanted, found) => wanted === found || (publisher !== undefined && wanted === `${publisher}/${found}`),
    ) &&
    suits(targeting.media, mediaIn(imp), equal) &&
    suits(targeting.sizes, [imp], isSizeOffered) &&
    isHourOpen(targeting.hoursOfWeek, advertiser.timeZone, nowMs) &&
    suits(
      targeting.segments,
      (user?.data ?? []).flatMap(({ segment }) => (segment ?? []).map(({ id }) => id!)),
      equal,
    ) &&
    Object.entries(targeting.keyValues).every(([key, choice]) =>
      suits(
        choice,
        [imp, site, app].flatMap((part) => textsAt(part?.ext?.data, key)),
        equal,
      ),
    ) &&
    creatives.some((creative) => mayShow(creative, lineItem.targeting, offer))
  );
}

function suits<Value, Found>(
  { include, exclude }: Choice<Value>,
  found: readonly Found[],
  matches: (wanted: Value, found: Found) => boolean,
): boolean {
  const hits = (wanted: Value) => found.some((one) => matches(wanted, one));
  return (include.length === 0 || include.some(hits)) && !exclude.some(hits);
}

function listed<Value>(value: Value | undefined): Value[] {
  return value === undefined ? [] : [value];
}

function mediaIn(imp: Imp): MediaType[] {
  return (['banner', 'video', 'audio', 'native'] as const).filter((media) => imp[media] !== undefined);
}

function isSizeOffered(wanted: string, { banner, video }: Imp): boolean {
  const [w, h] = wanted.split('x').map(Number) as [number, number];
  return [...(banner?.format ?? []), banner, video].some((framed) => {
    if (framed === undefined) return false;
    if (framed.w === w && framed.h === h) return true;
    if (!('wratio' in framed) || framed.wratio === undefined) return false;
    return w >= framed.wmin! && h === Math.round((w * framed.hratio!) / framed.wratio);
  });
}

function isHourOpen({ include, exclude }: Choice<number>, timeZone: string, nowMs: number): boolean {
  const text = new Date(nowMs).toLocaleString('en-GB', { timeZone, weekday: 'long', hour: '2-digit', hour12: false });
  const day = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'].findIndex((name) =>
    text.includes(name),
  );
  const hour = day * 24 + (Number(/\d+/.exec(text)![0]) % 24);
  return (include.length === 0 || include.includes(hour)) && !exclude.includes(hour);
}

function textsAt(data: unknown, key: string): string[] {
  const value = (data as Record<string, unknown> | undefined)?.[key];
  const values = Array.isArray(value) ? value : [value];
  return values.filter((one) => ['string', 'number', 'boolean'].includes(typeof one)).map(String);
}

function mayShow(
  creative: Creative,
  { media, sizes }: BookedLineItem['lineItem']['targeting'],
  offer: AuctionImp,
): boolean {
  const { size } = creative;
  const same = <T>(a: T, b: T) => a === b;
  if (creative.approval !== 'approved' || !suits(media, [creative.media], same)) return false;
  if (size !== null && !suits(sizes, [`${size.w}x${size.h}`], same)) return false;
  const { banner, video, native, interstitialScreen } = offer;
  if (creative.media === 'native') return native !== null;
  if (creative.media === 'video') {
    if (video === null) return false;
    const { durationSec, protocol } = creative;
    const isShortEnough = durationSec === null || video.maxDurationSec === null || durationSec <= video.maxDurationSec;
    return isShortEnough && (protocol === null || video.protocols.length === 0 || video.protocols.includes(protocol));
  }
  if (banner === null) return false;
  if (size === null || (banner.sizes.length === 0 && banner.ratios.length === 0 && interstitialScreen === null))
    return true;
  return (
    banner.sizes.some(({ w, h }) => w === size.w && h === size.h) ||
    banner.ratios.some(
      ({ wratio, hratio, wmin }) => size.w >= wmin && size.h === Math.round((size.w * hratio) / wratio),
    ) ||
    (interstitialScreen !== null && size.w <= interstitialScreen.w && size.h <= interstitialScreen.h)
  );
}
