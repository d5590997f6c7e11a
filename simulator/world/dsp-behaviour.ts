import type { PricingModel } from '../../engine/auction/types.ts';
import type { BidRequest } from '../../openrtb/types.ts';
import { type Decision, decide } from '../dsp/behaviour.ts';
import { areFaultsDue } from '../dsp/fault-times.ts';
import type { SimulatedDsp } from '../dsp/scenario.ts';
import type { SeededRandom } from '../random.ts';

/** What a DSP of a world does. It runs at the DSP's end of the network. */
export interface DspBehaviour {
  readonly id: string;
  readonly version: '2.5' | '2.6';
  /** What its prices mean, as agreed with the exchange. */
  readonly pricing: PricingModel;
  /** About a request that has arrived at `atMs` of the world: what it will answer, and when. */
  readonly decide: (request: BidRequest, atMs: number) => Decision;
  /** It hears what has become of a bid. */
  readonly onNotice: (notice: HeardNotice, atMs: number) => void;
}

/** A notice URL that was called, with its macros filled in. */
export interface HeardNotice {
  readonly kind: 'win' | 'loss' | 'bill';
  readonly url: string;
}

/** Where a DSP of a world hears of wins, losses and bills. */
export function noticeOriginOf(dspId: string): string {
  return `https://${dspId}${DSP_DOMAIN}`;
}

/** Reserved for such names (RFC 6761). */
export const DSP_DOMAIN = '.dsp.example';

/** A DSP of a scenario of `simulator/dsp`, which learns from nothing. */
export class ScenarioDsp implements DspBehaviour {
  readonly id: string;
  readonly version: '2.5' | '2.6';
  readonly pricing: PricingModel;
  readonly #dsp: SimulatedDsp;
  /** The same DSP while nothing is wrong with it. */
  readonly #healthy: SimulatedDsp;
  readonly #random: SeededRandom;

  constructor(dsp: SimulatedDsp, random: SeededRandom) {
    this.id = dsp.id;
    this.version = dsp.version;
    this.pricing = dsp.price.pricing;
    this.#dsp = dsp;
    this.#healthy = { ...dsp, faults: {} };
    this.#random = random;
  }

  decide(request: BidRequest, atMs: number): Decision {
    const dsp = areFaultsDue(this.#dsp.faultTimes, atMs) ? this.#dsp : this.#healthy;
    return decide(dsp, request, this.#random.fork(request.id), noticeOriginOf(this.id));
  }

  onNotice(): void {}
}
