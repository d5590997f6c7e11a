/** The field table of the Native 1.2 request inside `imp.native.request`. Everything structural is critical: a buyer cannot answer half a native ad. */
import type {
  NativeAsset,
  NativeData,
  NativeEventTracker,
  NativeImage,
  NativeRequest,
  NativeTitle,
  NativeVideo,
} from '../types.ts';
import { child, flag, integer, integers, object, objects, text, texts } from './field.ts';

/** Text of at most `len` characters (4.3). */
export const nativeTitle = object<NativeTitle>('NativeTitle', {
  len: integer({ required: true, min: 0, critical: true }),
});

/** Picture of a size or at least a size (4.4). */
export const nativeImage = object<NativeImage>('NativeImage', {
  type: integer(),
  w: integer({ min: 0, critical: true }),
  wmin: integer({ min: 0, critical: true }),
  h: integer({ min: 0, critical: true }),
  hmin: integer({ min: 0, critical: true }),
  mimes: texts(),
});

/** Video inside the native ad (4.5). */
export const nativeVideo = object<NativeVideo>('NativeVideo', {
  mimes: texts({ required: true, critical: true }),
  minduration: integer({ required: true, min: 0, critical: true }),
  maxduration: integer({ required: true, min: 0, critical: true }),
  protocols: integers({ required: true, critical: true }),
});

/** Any other text, e.g. sponsor, rating, price (4.6). */
export const nativeData = object<NativeData>('NativeData', {
  type: integer({ required: true, critical: true }),
  len: integer({ min: 0, critical: true }),
});

/** One element of the ad; exactly one of title, img, video and data (4.2). */
export const nativeAsset = object<NativeAsset>('NativeAsset', {
  id: integer(),
  required: flag(),
  title: child(nativeTitle, { critical: true }),
  img: child(nativeImage, { critical: true }),
  video: child(nativeVideo, { critical: true }),
  data: child(nativeData, { critical: true }),
});

/** Which event may be tracked how (4.7). */
export const nativeEventTracker = object<NativeEventTracker>('NativeEventTracker', {
  event: integer({ required: true, critical: true }),
  methods: integers({ required: true, critical: true }),
});

/** The JSON text in `imp.native.request` (Native 1.2 section 4.1). `layout` and `adunit` are of 1.0. */
export const nativeRequest = object<NativeRequest>('NativeRequest', {
  ver: text(),
  context: integer(),
  contextsubtype: integer(),
  plcmttype: integer(),
  plcmtcnt: integer(),
  seq: integer(),
  assets: objects(nativeAsset, { required: true, critical: true }),
  aurlsupport: flag(),
  durlsupport: flag(),
  privacy: flag(),
  eventtrackers: objects(nativeEventTracker, { critical: true }),
  layout: integer(),
  adunit: integer(),
});
