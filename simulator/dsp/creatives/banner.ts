import type { Banner, Device, Format, Imp } from '../../../openrtb/types.ts';
import type { SeededRandom } from '../../random.ts';
import { assetUrl, type CreativeBrief, clickUrl, impressionUrl } from './brief.ts';
import { filler } from './filler.ts';

export interface BannerFit {
  readonly media: 'banner';
  readonly w: number;
  readonly h: number;
  /** Set when the size answers a ratio format. */
  readonly wratio?: number;
  readonly hratio?: number;
}

/** Sizes an interstitial is bought in when the request names none, largest first. */
const INTERSTITIAL_SIZES = [
  { w: 768, h: 1024 },
  { w: 320, h: 480 },
  { w: 480, h: 320 },
  { w: 300, h: 250 },
] as const;

/** A size the slot accepts; null when it names none that a creative could be made for. */
export function fitBanner(
  banner: Banner,
  imp: Imp,
  device: Device | undefined,
  random: SeededRandom,
): BannerFit | null {
  const formats = banner.format ?? [];
  if (formats.length > 0) {
    const fits = formats.map(fitFormat).filter((fit) => fit !== null);
    return fits.length > 0 ? random.pick(fits) : null;
  }
  if (isPositive(banner.w) && isPositive(banner.h)) return { media: 'banner', w: banner.w, h: banner.h };
  return imp.instl === 1 ? fitScreen(device) : null;
}

function fitFormat(format: Format): BannerFit | null {
  const { w, h, wratio, hratio, wmin } = format;
  if (isPositive(w) && isPositive(h)) return { media: 'banner', w, h };
  if (!isPositive(wratio) || !isPositive(hratio) || !isPositive(wmin)) return null;
  // The least multiple of the ratio that is wide enough, so that the proportion is exact.
  const scale = Math.ceil(wmin / wratio);
  return { media: 'banner', w: wratio * scale, h: hratio * scale, wratio, hratio };
}

function fitScreen(device: Device | undefined): BannerFit | null {
  const width = device?.w ?? 0;
  const height = device?.h ?? 0;
  const size = INTERSTITIAL_SIZES.find(({ w, h }) => w <= width && h <= height);
  return size === undefined ? null : { media: 'banner', ...size };
}

function isPositive(value: number | undefined): value is number {
  return value !== undefined && value > 0;
}

/** A linked image and an impression pixel. */
export function renderBanner(fit: BannerFit, brief: CreativeBrief): string {
  const image = assetUrl(brief, `${fit.w}x${fit.h}.png`);
  const markup =
    `<a href="${clickUrl(brief)}" target="_blank"><img src="${image}" width="${fit.w}" height="${fit.h}" alt=""></a>` +
    `<img src="${impressionUrl(brief)}" width="1" height="1" alt="">`;
  const padding = filler(brief.targetBytes - markup.length - '<!---->'.length);
  return padding === '' ? markup : `${markup}<!--${padding}-->`;
}
