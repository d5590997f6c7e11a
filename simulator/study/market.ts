/**
 * The market of a study: requests at a steady rate, and for each what every DSP would answer, and when, were it called.
 * It is drawn whether or not anybody is called, so that policies are compared on the very same bids.
 */
import { type SeededRandom, seededRandom } from '../random.ts';
import type { StudyBid } from './study-auction.ts';
import { createStudyDsp, drawBidMicros, drawLatencyMs, replaceCampaigns, type StudyDsp } from './study-dsp.ts';
import { type StudyRequest, studyRequests } from './study-traffic.ts';

export interface MarketOptions {
  readonly seed: number;
  readonly dsps: number;
  readonly requestsPerSecond: number;
  readonly seconds: number;
  /** One campaign of one DSP is replaced by another this often, in turn; Infinity = never. */
  readonly driftEverySeconds: number;
  /** At this time half of the DSPs change all their campaigns at once; Infinity = never. */
  readonly upheavalAtSecond: number;
}

/** One request and everybody's answer to it. The arrays are reused for the next one. */
export interface MarketRequest {
  readonly auctionId: string;
  readonly atMs: number;
  readonly request: StudyRequest;
  /** By DSP index. */
  readonly latenciesMs: Float64Array;
  /** By DSP index. */
  readonly bids: readonly (readonly StudyBid[])[];
}

export function marketDsps({ seed, dsps }: MarketOptions): StudyDsp[] {
  return Array.from({ length: dsps }, (_, index) => createStudyDsp(index, seededRandom(seed).fork(`dsp-${index}`)));
}

export function* marketRequests(options: MarketOptions, dsps: readonly StudyDsp[]): Generator<MarketRequest> {
  const root = seededRandom(options.seed);
  const pool = studyRequests(root.fork('traffic'));
  const stream = root.fork('stream');
  const drift = new Drift(options, dsps, root.fork('drift'));
  const latenciesMs = new Float64Array(dsps.length);
  const bids = new Array<readonly StudyBid[]>(dsps.length).fill([]);
  const count = Math.round(options.requestsPerSecond * options.seconds);
  for (let index = 0; index < count; index++) {
    const atMs = (index * 1000) / options.requestsPerSecond;
    drift.advance(atMs);
    const request = stream.pick(pool);
    for (let i = 0; i < dsps.length; i++) {
      latenciesMs[i] = drawLatencyMs(dsps[i]!.latency, stream);
      bids[i] = drawBids(dsps[i]!, request, stream);
    }
    yield { auctionId: `${options.seed}-${index}`, atMs, request, latenciesMs, bids };
  }
}

function drawBids(dsp: StudyDsp, request: StudyRequest, random: SeededRandom): readonly StudyBid[] {
  const bids: StudyBid[] = [];
  for (let impIndex = 0; impIndex < request.formats.length; impIndex++) {
    const priceMicros = drawBidMicros(dsp, request, request.formats[impIndex]!, random);
    if (priceMicros > 0) bids.push({ dspId: dsp.id, impIndex, priceMicros });
  }
  return bids;
}

/** Appetites change as time passes. */
class Drift {
  readonly #options: MarketOptions;
  readonly #dsps: readonly StudyDsp[];
  readonly #random: SeededRandom;
  #changes = 0;
  #isUpheavalDue = true;

  constructor(options: MarketOptions, dsps: readonly StudyDsp[], random: SeededRandom) {
    this.#options = options;
    this.#dsps = dsps;
    this.#random = random;
  }

  advance(atMs: number): void {
    const { driftEverySeconds, upheavalAtSecond } = this.#options;
    while ((this.#changes + 1) * driftEverySeconds * 1000 <= atMs) {
      replaceCampaigns(this.#dsps[this.#changes % this.#dsps.length]!, 1, this.#random);
      this.#changes += 1;
    }
    if (this.#isUpheavalDue && upheavalAtSecond * 1000 <= atMs) {
      this.#isUpheavalDue = false;
      for (let i = 0; i < this.#dsps.length; i += 2) {
        replaceCampaigns(this.#dsps[i]!, this.#dsps[i]!.campaigns.length, this.#random);
      }
    }
  }
}
