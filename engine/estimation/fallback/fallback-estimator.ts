/**
 * What an estimate is when there is no model's: a rate by ad x placement x device, learned from the model's own output
 * while there was some. So an outage moves neither fill nor revenue by more than the model differs within such a cell.
 *
 * From coarse to fine, each level drawn towards the one before by `strength` observations, so a cell that is rarely
 * seen backs off by itself:
 *
 *     all                          towards the prior of the caller
 *     ad, placement x device       towards all
 *     ad x placement               towards what both together suggest: odds(ad) x odds(placement) / odds(all)
 *     ad x placement x device      towards ad x placement
 *
 * Above that sits one factor on the odds, which closes what gap is left between heuristic and model over a rolling
 * window of the model's output. The window is counted in outputs and not in seconds: it must stand still in an outage.
 */
import { combineHashes } from '../../traffic/admission/key-hash.ts';
import { RateTable } from './rate-table.ts';

export interface FallbackOptions {
  /** Cells held, over all levels; a power of two. 20 bytes each. */
  readonly slotCount: number;
  /** Observations of a coarser level that one of a finer level has to outweigh. */
  readonly strength: number;
  /** Observations that a rate remembers. */
  readonly memory: number;
  /** Model outputs that the calibration looks back on. */
  readonly calibrationWindow: number;
}

export const FALLBACK_DEFAULTS: FallbackOptions = {
  // 2.6 MB. An exchange of 1,000 ads on 100 placements and 3 devices has 300,000 cells, of which far fewer matter.
  slotCount: 2 ** 17,
  strength: 20,
  memory: 5000,
  calibrationWindow: 50_000,
};

/** Hashes of 32 bits of what an estimate is for; 0 for what is not known. */
export interface FallbackFacts {
  readonly ad: number;
  readonly placement: number;
  /** Kind of device: phone, tablet, ... */
  readonly device: number;
}

/** Told apart from each other in one table. */
const LEVEL = { all: 1, ad: 2, place: 3, adPlacement: 4, cell: 5 } as const;

/** No estimate is outside of this and 1 minus this: nobody clicks always or never. */
const RATE_MIN = 1e-9;
/** A heuristic further off than this is not made better by a factor. */
const FACTOR_MAX = 4;
/** Model outputs after which the factor is half trusted. */
const FACTOR_INERTIA = 200;

export class FallbackEstimator {
  readonly #strength: number;
  readonly #window: number;
  readonly #rates: RateTable;
  /** Of the window: how many outputs, and the mean rates of model and heuristic. */
  #count = 0;
  #modelMean = 0;
  #heuristicMean = 0;
  #factor = 1;

  constructor(options: FallbackOptions = FALLBACK_DEFAULTS) {
    this.#strength = options.strength;
    this.#window = options.calibrationWindow;
    this.#rates = new RateTable({ slotCount: options.slotCount, weightMax: options.memory });
  }

  /** What the odds of the heuristic are multiplied with. */
  get calibrationFactor(): number {
    return this.#factor;
  }

  /** Within (0, 1), whatever the prior. `prior` is the rate of what nothing is known of. */
  estimate(facts: FallbackFacts, prior: number): number {
    return rateOf(oddsOf(this.#heuristic(facts, prior)) * this.#factor);
  }

  /** The model has given `rate`. What is not within (0, 1) is no output of a model and is left out. */
  learn(facts: FallbackFacts, rate: number, prior: number): void {
    if (!(rate > 0 && rate < 1)) return;
    // Judged before it learns from this output, as it would have been used.
    this.#calibrate(rate, this.#heuristic(facts, prior));
    const { ad, placement, device } = facts;
    const rates = this.#rates;
    rates.observe(LEVEL.all, rate);
    rates.observe(combineHashes(LEVEL.ad, ad), rate);
    rates.observe(placeKey(placement, device), rate);
    const adPlacement = adPlacementKey(ad, placement);
    rates.observe(adPlacement, rate);
    rates.observe(cellKey(adPlacement, device), rate);
  }

  #heuristic({ ad, placement, device }: FallbackFacts, prior: number): number {
    const rates = this.#rates;
    const strength = this.#strength;
    const all = rates.smoothed(LEVEL.all, clampRate(prior), strength);
    const ofAd = rates.smoothed(combineHashes(LEVEL.ad, ad), all, strength);
    const ofPlace = rates.smoothed(placeKey(placement, device), all, strength);
    const together = rateOf((oddsOf(ofAd) * oddsOf(ofPlace)) / oddsOf(all));
    const adPlacement = adPlacementKey(ad, placement);
    const ofAdPlacement = rates.smoothed(adPlacement, together, strength);
    return rates.smoothed(cellKey(adPlacement, device), ofAdPlacement, strength);
  }

  #calibrate(modelRate: number, heuristicRate: number): void {
    this.#count = Math.min(this.#window, this.#count + 1);
    this.#modelMean += (modelRate - this.#modelMean) / this.#count;
    this.#heuristicMean += (heuristicRate - this.#heuristicMean) / this.#count;
    const ratio = oddsOf(this.#modelMean) / oddsOf(this.#heuristicMean);
    const trusted = ratio ** (this.#count / (this.#count + FACTOR_INERTIA));
    this.#factor = Math.min(FACTOR_MAX, Math.max(1 / FACTOR_MAX, trusted));
  }
}

function placeKey(placement: number, device: number): number {
  return combineHashes(combineHashes(LEVEL.place, placement), device);
}

function adPlacementKey(ad: number, placement: number): number {
  return combineHashes(combineHashes(LEVEL.adPlacement, ad), placement);
}

function cellKey(adPlacement: number, device: number): number {
  return combineHashes(combineHashes(LEVEL.cell, adPlacement), device);
}

function oddsOf(rate: number): number {
  return rate / (1 - rate);
}

function rateOf(odds: number): number {
  return clampRate(odds / (1 + odds));
}

function clampRate(rate: number): number {
  // Written so that NaN gives the minimum.
  return rate > RATE_MIN ? Math.min(1 - RATE_MIN, rate) : RATE_MIN;
}
