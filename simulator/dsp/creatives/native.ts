import type { SeededRandom } from '../../random.ts';
import { assetUrl, type CreativeBrief, clickUrl, impressionUrl } from './brief.ts';
import { filler } from './filler.ts';
import { fitVideo, renderTimedMedia, type TimedMediaFit } from './timed-media.ts';

/** Asset of a Native 1.2 request (section 4.2 of https://iabtechlab.com/standards/openrtb-native/): one of the four kinds is set. */
interface AssetRequest {
  readonly id: number;
  readonly required?: number;
  readonly title?: { readonly len: number };
  readonly img?: {
    readonly type?: number;
    readonly w?: number;
    readonly h?: number;
    readonly wmin?: number;
    readonly hmin?: number;
  };
  readonly video?: {
    readonly mimes: readonly string[];
    readonly minduration?: number;
    readonly maxduration?: number;
    readonly protocols?: readonly number[];
  };
  readonly data?: { readonly type: number; readonly len?: number };
}

interface NativeRequest {
  readonly assets?: readonly AssetRequest[];
}

export interface NativeFit {
  readonly media: 'native';
  readonly assets: readonly { readonly asked: AssetRequest; readonly video: TimedMediaFit | null }[];
}

/** Share of the optional assets that are answered. */
const OPTIONAL_ASSET_PROBABILITY = 0.7;

/** Sizes for images whose request gives none, by image type (1 icon, 3 main). */
const ICON = { w: 80, h: 80 } as const;
const MAIN_IMAGE = { w: 1200, h: 627 } as const;

/** Values by data type (Native 1.2 section 7.4). */
const DATA_VALUES: Readonly<Record<number, string>> = {
  1: 'Example Brand',
  2: 'Everything you were looking for, delivered tomorrow.',
  3: '4.5',
  4: '1204',
  5: '500000',
  6: '9.99',
  7: '4.99',
  8: '+1 202 555 0100',
  9: '1 Example Street, Springfield',
  10: 'Try it free for thirty days.',
  11: 'example.com',
  12: 'Install',
};

const TITLE = 'Fresh ideas for every day of the week, now in your neighbourhood';

/** The assets this DSP will answer; null when the request is unreadable or requires something it cannot make. */
export function fitNative(requestText: unknown, random: SeededRandom): NativeFit | null {
  const request = readNativeRequest(requestText);
  if (!Array.isArray(request?.assets) || request.assets.length === 0) return null;
  const assets = [];
  for (const asked of request.assets) {
    const isRequired = asked.required === 1;
    if (!isRequired && !random.chance(OPTIONAL_ASSET_PROBABILITY)) continue;
    const video = asked.video ? fitVideo(asked.video, random) : null;
    const isAnswerable =
      video !== null || asked.title !== undefined || asked.img !== undefined || asked.data !== undefined;
    if (isAnswerable) assets.push({ asked, video });
    else if (isRequired) return null;
  }
  return assets.length > 0 ? { media: 'native', assets } : null;
}

/** JSON text, or the object itself, with or without the `native` wrapper of version 1.0. */
function readNativeRequest(text: unknown): NativeRequest | null {
  let value = text;
  if (typeof text === 'string') {
    try {
      value = JSON.parse(text);
    } catch {
      return null;
    }
  }
  if (typeof value !== 'object' || value === null) return null;
  return 'native' in value ? (value.native as NativeRequest) : (value as NativeRequest);
}

/** Native 1.2 response as JSON text. */
export function renderNative(fit: NativeFit, brief: CreativeBrief): string {
  const response = {
    ver: '1.2',
    link: {
      url: clickUrl(brief),
      clicktrackers: [`https://track.${brief.advertiserDomain}/click?crid=${brief.creativeId}`],
    },
    assets: fit.assets.map(({ asked, video }) => renderAsset(asked, video, brief)),
    eventtrackers: [{ event: 1, method: 1, url: impressionUrl(brief) }],
  };
  const text = JSON.stringify(response);
  const padding = filler(brief.targetBytes - text.length - ',"ext":{"copy":""}'.length);
  return padding === '' ? text : `${text.slice(0, -1)},"ext":{"copy":"${padding}"}}`;
}

function renderAsset(asked: AssetRequest, video: TimedMediaFit | null, brief: CreativeBrief): object {
  const asset = { id: asked.id, required: asked.required ?? 0 };
  if (video !== null) return { ...asset, video: { vasttag: renderTimedMedia(video, { ...brief, targetBytes: 0 }) } };
  if (asked.title) return { ...asset, title: { text: TITLE.slice(0, asked.title.len) } };
  if (asked.img) {
    const usual = asked.img.type === 1 ? ICON : MAIN_IMAGE;
    const w = asked.img.w ?? asked.img.wmin ?? usual.w;
    const h = asked.img.h ?? asked.img.hmin ?? usual.h;
    return { ...asset, img: { url: assetUrl(brief, `native-${w}x${h}.jpg`), w, h } };
  }
  const value = DATA_VALUES[asked.data!.type] ?? 'Example';
  return { ...asset, data: { value: value.slice(0, asked.data!.len ?? value.length) } };
}
