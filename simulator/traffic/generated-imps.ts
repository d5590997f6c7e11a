import type { Deal, Imp } from '../../openrtb/types.ts';
import type { SeededRandom } from '../random.ts';

/** The kinds of placement that generated traffic is made of. */
export type PlacementKind =
  | 'app-banner'
  | 'site-banner'
  | 'video'
  | 'tv'
  | 'native'
  | 'audio'
  | 'multi-imp'
  | 'deal'
  | 'interstitial';

/** Deal ids that generated requests offer. */
export const DEAL_IDS = ['deal-gold', 'deal-silver'] as const;

const NATIVE_REQUEST = JSON.stringify({
  ver: '1.2',
  context: 1,
  contextsubtype: 11,
  plcmttype: 1,
  assets: [
    { id: 1, required: 1, title: { len: 60 } },
    { id: 2, required: 1, img: { type: 3, wmin: 600, hmin: 314 } },
    { id: 3, required: 0, img: { type: 1, wmin: 80, hmin: 80 } },
    { id: 4, required: 1, data: { type: 1, len: 25 } },
    { id: 5, required: 0, data: { type: 2, len: 90 } },
    { id: 6, required: 0, data: { type: 12, len: 15 } },
  ],
  eventtrackers: [{ event: 1, methods: [1] }],
});

const RECTANGLES = [
  { w: 300, h: 250 },
  { w: 336, h: 280 },
];

/** The imps of one request of a kind. */
export function generateImps(kind: PlacementKind, random: SeededRandom): Imp[] {
  switch (kind) {
    case 'app-banner':
      return [imp('1', 'app-footer', random, { banner: { format: [{ w: 320, h: 50 }], pos: 3, api: [5, 7] } })];
    case 'site-banner':
      return [imp('1', 'article-side', random, { banner: siteBanner(random) })];
    case 'video':
      return [imp('1', 'rewarded', random, { video: rewardedVideo(random), rwdd: 1, instl: 1 })];
    case 'tv':
      return [imp('1', 'pre-roll', random, { video: tvVideo() })];
    case 'native':
      return [imp('1', 'feed', random, { native: { request: NATIVE_REQUEST, ver: '1.2' } })];
    case 'audio':
      return [
        imp('1', 'between-tracks', random, {
          audio: { mimes: ['audio/mpeg', 'audio/mp4'], protocols: [3, 7], minduration: 5, maxduration: 30 },
        }),
      ];
    case 'multi-imp':
      return [
        imp('top', 'leaderboard', random, {
          banner: {
            format: [
              { w: 728, h: 90 },
              { w: 970, h: 250 },
            ],
            pos: 1,
          },
        }),
        imp('side', 'article-side', random, { banner: { format: RECTANGLES } }),
        imp('feed', 'feed', random, {
          banner: { format: RECTANGLES },
          native: { request: NATIVE_REQUEST, ver: '1.2' },
        }),
      ];
    case 'deal':
      return [
        imp('1', 'article-top', random, {
          banner: siteBanner(random),
          pmp: { private_auction: 0, deals: deals(random) },
        }),
      ];
    case 'interstitial':
      return [
        imp('1', 'level-end', random, {
          banner: {
            format: [
              { w: 320, h: 480 },
              { w: 300, h: 250 },
            ],
            pos: 7,
            api: [5],
          },
          instl: 1,
        }),
      ];
  }
}

function imp(id: string, tagid: string, random: SeededRandom, media: Partial<Imp>): Imp {
  // Two decimals, as publishers set floors; low enough that floors refuse some bids and not the request.
  const bidfloor = Math.round(random.uniform(0.05, 0.6) * 100) / 100;
  return { id, ...media, tagid, bidfloor, bidfloorcur: 'USD', secure: 1 };
}

function siteBanner(random: SeededRandom): Imp['banner'] {
  return random.pick([
    { format: RECTANGLES, pos: 3 },
    { format: [{ w: 728, h: 90 }], pos: 1 },
    {
      format: [
        { w: 300, h: 250 },
        { w: 300, h: 600 },
        { w: 160, h: 600 },
      ],
      pos: 3,
    },
  ]);
}

function rewardedVideo(random: SeededRandom): Imp['video'] {
  return {
    mimes: ['video/mp4'],
    minduration: 5,
    maxduration: random.pick([30, 60]),
    protocols: [2, 3, 7],
    w: 360,
    h: 640,
    plcmt: 3,
    linearity: 1,
    playbackmethod: [1],
    pos: 7,
  };
}

function tvVideo(): Imp['video'] {
  return {
    mimes: ['video/mp4'],
    minduration: 6,
    maxduration: 30,
    startdelay: 0,
    protocols: [3, 7, 11],
    w: 1920,
    h: 1080,
    plcmt: 1,
    linearity: 1,
    playbackmethod: [1],
  };
}

function deals(random: SeededRandom): Deal[] {
  const gold: Deal = { id: DEAL_IDS[0], bidfloor: 4, bidfloorcur: 'USD', at: 1 };
  const silver: Deal = { id: DEAL_IDS[1], bidfloor: 2, bidfloorcur: 'USD', at: 2 };
  return random.chance(0.5) ? [gold, silver] : [silver];
}
