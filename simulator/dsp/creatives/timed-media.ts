import type { Audio, Video } from '../../../openrtb/types.ts';
import type { SeededRandom } from '../../random.ts';
import { assetUrl, type CreativeBrief, clickUrl, impressionUrl } from './brief.ts';
import { filler } from './filler.ts';

/** A linear video or audio ad that the slot accepts. */
export interface TimedMediaFit {
  readonly media: 'video' | 'audio';
  /** AdCOM "Creative Subtypes - Audio/Video". */
  readonly protocol: number;
  readonly durationSec: number;
  readonly mime: string;
  /** 0 for audio. */
  readonly w: number;
  readonly h: number;
}

/** Root element of each inline document type; wrappers are never bought. Codes of AdCOM "Creative Subtypes - Audio/Video". */
const DOCUMENTS: Readonly<Record<number, { readonly root: 'VAST' | 'DAAST'; readonly version: string }>> = {
  2: { root: 'VAST', version: '2.0' },
  3: { root: 'VAST', version: '3.0' },
  7: { root: 'VAST', version: '4.0' },
  9: { root: 'DAAST', version: '1.0' },
  11: { root: 'VAST', version: '4.1' },
  13: { root: 'VAST', version: '4.2' },
};

/** Lengths that ads are produced in, seconds, commonest first. */
const USUAL_DURATIONS_SEC = [15, 30, 6, 20, 10, 60];

/** A 720p frame: for video slots that do not give their size. */
const DEFAULT_FRAME = { w: 1280, h: 720 } as const;

export function fitVideo(video: Video, random: SeededRandom): TimedMediaFit | null {
  const size = video.w && video.h ? { w: video.w, h: video.h } : DEFAULT_FRAME;
  return fitTimedMedia('video', video, size, random);
}

export function fitAudio(audio: Audio, random: SeededRandom): TimedMediaFit | null {
  return fitTimedMedia('audio', audio, { w: 0, h: 0 }, random);
}

function fitTimedMedia(
  media: 'video' | 'audio',
  slot: Video | Audio,
  size: { readonly w: number; readonly h: number },
  random: SeededRandom,
): TimedMediaFit | null {
  const mime = slot.mimes.find((type) => type.startsWith(`${media}/`));
  const protocol = (slot.protocols ?? [3]).find((code) => code in DOCUMENTS && (media === 'audio' || code !== 9));
  const durationSec = fitDuration(slot, random);
  if (mime === undefined || protocol === undefined || durationSec === null) return null;
  return { media, protocol, durationSec, mime, ...size };
}

function fitDuration(slot: Video | Audio, random: SeededRandom): number | null {
  if (slot.rqddurs !== undefined && slot.rqddurs.length > 0) return random.pick(slot.rqddurs);
  const least = slot.minduration ?? 0;
  const most = slot.maxduration ?? slot.poddur ?? Number.POSITIVE_INFINITY;
  const usual = USUAL_DURATIONS_SEC.filter((seconds) => seconds >= least && seconds <= most);
  if (usual.length > 0) return random.chance(0.6) ? usual[0]! : random.pick(usual);
  return most >= 1 && most >= least && Number.isFinite(most) ? most : null;
}

/** An inline VAST or DAAST document of one linear creative. */
export function renderTimedMedia(fit: TimedMediaFit, brief: CreativeBrief): string {
  const { root, version } = DOCUMENTS[fit.protocol]!;
  const linear =
    `<Linear><Duration>${formatDuration(fit.durationSec)}</Duration>` +
    `<TrackingEvents>${renderTracking(brief)}</TrackingEvents>` +
    `<VideoClicks><ClickThrough>${cdata(clickUrl(brief))}</ClickThrough></VideoClicks>` +
    `<MediaFiles>${renderMediaFile(fit, brief)}</MediaFiles></Linear>`;
  const universalAdId = version.startsWith('4.')
    ? `<UniversalAdId idRegistry="example.com" idValue="${brief.creativeId}">${brief.creativeId}</UniversalAdId>`
    : '';
  const head =
    `<?xml version="1.0" encoding="UTF-8"?><${root} version="${version}"><Ad id="${brief.creativeId}"><InLine>` +
    `<AdSystem>${brief.dspId}</AdSystem><AdTitle>${brief.advertiserDomain}</AdTitle>` +
    `<Impression>${cdata(impressionUrl(brief))}</Impression>`;
  const tail =
    `<Creatives><Creative id="${brief.creativeId}">${universalAdId}${linear}</Creative></Creatives>` +
    `</InLine></Ad></${root}>`;
  const padding = filler(brief.targetBytes - head.length - tail.length - '<!---->'.length);
  return padding === '' ? head + tail : `${head}<!--${padding}-->${tail}`;
}

function renderTracking(brief: CreativeBrief): string {
  return ['start', 'firstQuartile', 'midpoint', 'thirdQuartile', 'complete']
    .map(
      (event) => `<Tracking event="${event}">${cdata(`https://track.${brief.advertiserDomain}/${event}`)}</Tracking>`,
    )
    .join('');
}

function renderMediaFile(fit: TimedMediaFit, brief: CreativeBrief): string {
  const subtype = fit.mime.slice(fit.mime.indexOf('/') + 1);
  // Width and height are required attributes of MediaFile; 0 is what audio uses.
  return (
    `<MediaFile delivery="progressive" type="${fit.mime}" bitrate="${fit.media === 'video' ? 1500 : 128}"` +
    ` width="${fit.w}" height="${fit.h}">${cdata(assetUrl(brief, `${fit.durationSec}s.${subtype}`))}</MediaFile>`
  );
}

function formatDuration(seconds: number): string {
  const part = (value: number) => String(Math.floor(value)).padStart(2, '0');
  return `${part(seconds / 3600)}:${part((seconds / 60) % 60)}:${part(seconds % 60)}`;
}

function cdata(text: string): string {
  return `<![CDATA[${text}]]>`;
}
