/**
 * A DSP of the study: campaigns that each want a segment (countries, devices, formats, sometimes a list of publishers),
 * and a log-normal latency with a tail. Outside its campaigns it hardly ever bids. Campaigns end and others begin, which
 * is how appetites drift.
 */
import type { SeededRandom } from '../random.ts';
import { COUNTRIES, DEVICES, FORMATS, PUBLISHERS, type StudyRequest } from './study-traffic.ts';

export interface StudyDsp {
  readonly id: string;
  readonly latency: StudyLatency;
  /** Around 1: how this DSP's prices compare with the others'. */
  readonly priceLevel: number;
  readonly campaigns: Campaign[];
}

interface StudyLatency {
  readonly medianMs: number;
  readonly sigma: number;
  /** Answers that take several times as long. */
  readonly tailChance: number;
}

/** Wants a request when every mask has the request's bit. */
interface Campaign {
  readonly countries: number;
  readonly devices: number;
  readonly formats: number;
  /** Null: any publisher. */
  readonly publishers: ReadonlySet<number> | null;
  readonly bidChance: number;
  readonly priceLevel: number;
}

const CAMPAIGNS = 5;
const TAIL_FACTOR = 4;
/** Untargeted bids: every DSP has some. */
const STRAY_BID_CHANCE = 0.005;
const STRAY_PRICE_LEVEL = 0.4;
/** Median bid for a format of price level 1, CPM micros. */
const MEDIAN_BID_MICROS = 1_000_000;
const BID_SIGMA = 0.5;

export function createStudyDsp(index: number, random: SeededRandom): StudyDsp {
  return {
    id: `dsp-${String(index + 1).padStart(2, '0')}`,
    latency: {
      medianMs: random.logNormal(9, 0.45),
      sigma: random.uniform(0.2, 0.5),
      tailChance: random.uniform(0.005, 0.06),
    },
    priceLevel: random.logNormal(1, 0.3),
    campaigns: Array.from({ length: CAMPAIGNS }, () => createCampaign(random)),
  };
}

/** Ends `count` campaigns, the oldest first, and begins as many. */
export function replaceCampaigns(dsp: StudyDsp, count: number, random: SeededRandom): void {
  dsp.campaigns.splice(0, count);
  while (dsp.campaigns.length < CAMPAIGNS) dsp.campaigns.push(createCampaign(random));
}

function createCampaign(random: SeededRandom): Campaign {
  return {
    countries: subset(COUNTRIES.length, 0.25, random),
    devices: subset(DEVICES.length, 0.5, random),
    formats: subset(FORMATS.length, 0.4, random),
    publishers: random.chance(0.3) ? somePublishers(random) : null,
    bidChance: random.uniform(0.2, 0.9),
    priceLevel: random.logNormal(1, 0.3),
  };
}

function subset(size: number, share: number, random: SeededRandom): number {
  let mask = 1 << random.integer(0, size - 1);
  for (let bit = 0; bit < size; bit++) if (random.chance(share)) mask |= 1 << bit;
  return mask;
}

function somePublishers(random: SeededRandom): ReadonlySet<number> {
  return new Set(Array.from({ length: 15 }, () => random.integer(0, PUBLISHERS - 1)));
}

/** Time to answer, ms. */
export function drawLatencyMs({ medianMs, sigma, tailChance }: StudyLatency, random: SeededRandom): number {
  const usualMs = random.logNormal(medianMs, sigma);
  return random.chance(tailChance) ? usualMs * TAIL_FACTOR : usualMs;
}

/** Bid for one imp, whole CPM micros; 0 = none. */
export function drawBidMicros(dsp: StudyDsp, request: StudyRequest, format: number, random: SeededRandom): number {
  let level = random.chance(STRAY_BID_CHANCE) ? STRAY_PRICE_LEVEL : 0;
  for (const campaign of dsp.campaigns) {
    if (wants(campaign, request, format) && random.chance(campaign.bidChance)) {
      level = Math.max(level, campaign.priceLevel);
    }
  }
  if (level === 0) return 0;
  const median =
    MEDIAN_BID_MICROS * dsp.priceLevel * level * FORMATS[format]!.priceLevel * countryLevel(request.country);
  return Math.round(random.logNormal(median, BID_SIGMA));
}

function wants({ countries, devices, formats, publishers }: Campaign, request: StudyRequest, format: number): boolean {
  return (
    ((countries >>> request.country) & 1) === 1 &&
    ((devices >>> request.device) & 1) === 1 &&
    ((formats >>> format) & 1) === 1 &&
    (publishers === null || publishers.has(request.publisher))
  );
}

/** The first countries are the dear ones. */
function countryLevel(country: number): number {
  return 2 / (1 + country / 3);
}
