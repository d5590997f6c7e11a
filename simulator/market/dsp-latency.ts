/** How long a DSP takes: the way there and back, and its thinking, which is slower in busy hours. */
import type { SeededRandom } from '../random.ts';
import type { Quantiles } from './quantiles.ts';

export interface DspLatencyOptions {
  /** Of thinking, by log-normal. */
  readonly medianMs: number;
  readonly sigma: number;
  /** Thinking takes this share longer at 21h local time and shorter at 9h, 0..1. */
  readonly diurnal: number;
  readonly rttMs: Quantiles;
  /** DSPs stand near: their round trips are the shortest of all, up to this share of them, 0..1. */
  readonly nearestShare: number;
  /** Where among these this one stands, 0..1. */
  readonly position: number;
}

const BUSIEST_HOUR = 21;
const HOUR_MS = 3_600_000;
/** How far a round trip strays from where the DSP stands among all. */
const STRAY = 0.05;

/** From the arrival of a request at the network to that of the answer. */
export function drawRoundTripMs(options: DspLatencyOptions, random: SeededRandom): number {
  const { rttMs, nearestShare, position } = options;
  return rttMs.at(nearestShare * reflect(position + random.uniform(-STRAY, STRAY)));
}

export function drawThinkMs(options: DspLatencyOptions, localMs: number, random: SeededRandom): number {
  const hour = (localMs / HOUR_MS) % 24;
  const busy = 1 + options.diurnal * Math.cos(((hour - BUSIEST_HOUR) / 24) * 2 * Math.PI);
  return random.logNormal(options.medianMs * busy, options.sigma);
}

/** Back into 0..1, so that none gathers at the ends. */
function reflect(share: number): number {
  return share < 0 ? -share : share > 1 ? 2 - share : share;
}
