/** What an imp must mean, once its fields have their types: media, sizes, durations, native. */
import { applyDealRules } from './deal-rules.ts';
import { applyCurrencyRule, boundedFloors } from './floor-rules.ts';
import type { Validator } from './json-schema.ts';
import type { MessageReading } from './message-reading.ts';
import { readNativeRequest } from './native-request.ts';
import type { Audio, Banner, Device, Format, Imp, Mutable, Video } from './types.ts';

const MEDIA = ['banner', 'video', 'audio', 'native'] as const;

/** Mends the imp in place. False when it cannot be sold (reported). */
export function applyImpRules(
  imp: Mutable<Imp>,
  device: Device | undefined,
  reading: MessageReading,
  isFinalNative: Validator,
): boolean {
  if (!applyCurrencyRule(imp, reading)) return false;
  if (imp.banner && !applyBannerRules(imp, imp.banner, device, reading)) delete imp.banner;
  if (imp.video) applyTimedMediaRules(imp.video, 'video', reading);
  if (imp.audio) applyTimedMediaRules(imp.audio, 'audio', reading);
  if (imp.native) applyNativeRules(imp, reading, isFinalNative);
  if (imp.pmp?.deals) applyDealRules(imp, imp.pmp.deals, reading);
  if (MEDIA.some((medium) => imp[medium] !== undefined)) return true;
  reading.report('no-media', 'offers no usable banner, video, audio or native');
  return false;
}

function applyBannerRules(
  imp: Imp,
  banner: Mutable<Banner>,
  device: Device | undefined,
  reading: MessageReading,
): boolean {
  reading.enter('banner');
  const isUsable = hasUsableSize(imp, banner, device, reading);
  reading.leave();
  return isUsable;
}

function hasUsableSize(
  imp: Imp,
  banner: Mutable<Banner>,
  device: Device | undefined,
  reading: MessageReading,
): boolean {
  if (banner.format) banner.format = usableFormats(banner.format, reading);
  if (banner.format?.length === 0) delete banner.format;
  if (banner.format || (banner.w && banner.h)) return true;
  if (imp.instl === 1 && takeScreenSize(banner, device, reading)) return true;
  reading.report('no-size', 'needs a format or w and h', ...missingSize(banner));
  return false;
}

function missingSize(banner: Banner): readonly string[] {
  if (banner.w && !banner.h) return ['h'];
  return banner.h && !banner.w ? ['w'] : [];
}

/** A format is a size, or a ratio with a least width (2.6 section 3.2.10). */
function usableFormats(formats: readonly Format[], reading: MessageReading): readonly Format[] {
  if (formats.every(isUsableFormat)) return formats;
  reading.enter('format');
  const usable = formats.filter((format, index) => {
    if (isUsableFormat(format)) return true;
    reading.enterItem(format, index);
    reading.report('unusable-format', 'needs w and h, or wratio and hratio; left out');
    reading.leave();
    return false;
  });
  reading.leave();
  return usable;
}

function isUsableFormat(format: Format): boolean {
  return Boolean((format.w && format.h) || (format.wratio && format.hratio));
}

/** An interstitial takes the whole screen, of which the device may say the size. False when it does not. */
function takeScreenSize(banner: Mutable<Banner>, device: Device | undefined, reading: MessageReading): boolean {
  if (!device?.w || !device.h) return false;
  reading.report('interstitial-size', 'the size of the screen is taken for the interstitial');
  banner.w = device.w;
  banner.h = device.h;
  return true;
}

function applyTimedMediaRules(media: Mutable<Video | Audio>, key: 'video' | 'audio', reading: MessageReading): void {
  reading.enter(key);
  if (media.rqddurs && (media.minduration !== undefined || media.maxduration !== undefined)) {
    reading.report('durations-conflict', 'rqddurs excludes minduration and maxduration; rqddurs is kept', 'rqddurs');
    delete media.minduration;
    delete media.maxduration;
  }
  if (media.durfloors) media.durfloors = boundedFloors(media.durfloors, reading);
  if (media.sequence !== undefined) reading.report('deprecated-field', 'deprecated since 2.6', 'sequence');
  if ('placement' in media) reading.report('deprecated-field', 'deprecated since 2.6-202303: use plcmt', 'placement');
  reading.leave();
}

function applyNativeRules(imp: Mutable<Imp>, reading: MessageReading, isFinalNative: Validator): void {
  reading.enter('native');
  reading.enter('request');
  const request = readNativeRequest(imp.native!.request, reading, isFinalNative);
  reading.leave();
  reading.leave();
  if (request === null) delete imp.native;
  else if (request !== imp.native!.request) imp.native = { ...imp.native, request };
}
