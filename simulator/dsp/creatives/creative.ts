import type { Device, Imp } from '../../../openrtb/types.ts';
import type { SeededRandom } from '../../random.ts';
import type { MediaKind } from '../scenario-schema.ts';
import { type BannerFit, fitBanner, renderBanner } from './banner.ts';
import type { CreativeBrief } from './brief.ts';
import { fitNative, type NativeFit, renderNative } from './native.ts';
import { fitAudio, fitVideo, renderTimedMedia, type TimedMediaFit } from './timed-media.ts';

/** How a creative meets a slot: decided before the bid, rendered only when there is one. */
export type Fit = BannerFit | TimedMediaFit | NativeFit;

/** Null when the DSP has nothing that the imp would take as `media`. */
export function fitCreative(media: MediaKind, imp: Imp, device: Device | undefined, random: SeededRandom): Fit | null {
  switch (media) {
    case 'banner':
      return imp.banner === undefined ? null : fitBanner(imp.banner, imp, device, random);
    case 'video':
      return imp.video === undefined ? null : fitVideo(imp.video, random);
    case 'audio':
      return imp.audio === undefined ? null : fitAudio(imp.audio, random);
    case 'native':
      return imp.native === undefined ? null : fitNative(imp.native.request, random);
  }
}

/** `bid.adm`. */
export function renderCreative(fit: Fit, brief: CreativeBrief): string {
  switch (fit.media) {
    case 'banner':
      return renderBanner(fit, brief);
    case 'video':
    case 'audio':
      return renderTimedMedia(fit, brief);
    case 'native':
      return renderNative(fit, brief);
  }
}
