/** Kinds of requests for the study: a pool drawn once, since what matters is how often each kind comes back. */
import type { MediaType } from '../../engine/auction/types.ts';
import type { ImpFeatures, RequestFeatures } from '../../engine/traffic/request-features.ts';
import type { SeededRandom } from '../random.ts';

/** A request's kind, and what its segments are for the DSPs' campaigns. */
export interface StudyRequest {
  readonly features: RequestFeatures;
  readonly country: number;
  readonly device: number;
  readonly publisher: number;
  readonly formats: readonly number[];
}

export const COUNTRIES = ['USA', 'DEU', 'GBR', 'FRA', 'BRA', 'IND', 'JPN', 'ESP', 'ITA', 'POL', 'MEX', 'CAN'] as const;

export const DEVICES = [
  { deviceType: 4, os: 'Android', weight: 45 },
  { deviceType: 4, os: 'iOS', weight: 25 },
  { deviceType: 2, os: 'Windows', weight: 18 },
  { deviceType: 5, os: 'iOS', weight: 6 },
  { deviceType: 3, os: 'Tizen', weight: 6 },
] as const;

export const FORMATS: readonly {
  media: MediaType;
  width: number;
  height: number;
  weight: number;
  priceLevel: number;
}[] = [
  { media: 'banner', width: 320, height: 50, weight: 38, priceLevel: 0.6 },
  { media: 'banner', width: 300, height: 250, weight: 24, priceLevel: 1 },
  { media: 'banner', width: 728, height: 90, weight: 10, priceLevel: 0.9 },
  { media: 'banner', width: 320, height: 480, weight: 8, priceLevel: 2.5 },
  { media: 'native', width: 0, height: 0, weight: 10, priceLevel: 1.4 },
  { media: 'video', width: 640, height: 360, weight: 10, priceLevel: 5 },
];

export const PUBLISHERS = 60;

const POOL = 20_000;
const SEVERAL_IMPS_CHANCE = 0.06;
const DEAL_CHANCE = 0.03;

export function studyRequests(random: SeededRandom): readonly StudyRequest[] {
  return Array.from({ length: POOL }, () => studyRequest(random));
}

function studyRequest(random: SeededRandom): StudyRequest {
  const country = zipf(COUNTRIES.length, random);
  const device = DEVICES.indexOf(random.pickWeighted(DEVICES));
  const publisher = zipf(PUBLISHERS, random);
  const impCount = random.chance(SEVERAL_IMPS_CHANCE) ? random.integer(2, 3) : 1;
  const hasDeal = random.chance(DEAL_CHANCE);
  const formats = Array.from({ length: impCount }, () => FORMATS.indexOf(random.pickWeighted(FORMATS)));
  const isApp = publisher % 2 === 0;
  return {
    country,
    device,
    publisher,
    formats,
    features: {
      channel: isApp ? 'app' : 'site',
      publisherId: `pub-${publisher}`,
      inventory: isApp ? `com.example.app${publisher}` : `site${publisher}.example.com`,
      country: COUNTRIES[country]!,
      deviceType: DEVICES[device]!.deviceType,
      os: DEVICES[device]!.os,
      connectionType: random.pick([2, 6, 7]),
      imps: formats.map((format, index) => impFeatures(format, index, hasDeal, random)),
    },
  };
}

function impFeatures(format: number, index: number, hasDeal: boolean, random: SeededRandom): ImpFeatures {
  const { media, width, height } = FORMATS[format]!;
  return {
    impId: String(index + 1),
    placementId: `placement-${random.integer(1, 3)}`,
    media: [media],
    width,
    height,
    dealCount: hasDeal ? 1 : 0,
  };
}

/** Rank r comes with a probability proportional to 1 / r. */
function zipf(count: number, random: SeededRandom): number {
  let total = 0;
  for (let rank = 1; rank <= count; rank++) total += 1 / rank;
  let remaining = random.next() * total;
  for (let rank = 1; rank < count; rank++) {
    remaining -= 1 / rank;
    if (remaining < 0) return rank - 1;
  }
  return count - 1;
}
