/**
 * The learned reserve of every placement: values come in as auctions end, steps turn the windows into the reserves that
 * the next auctions use. No clock: the owner begins a round as often as it wants reserves to move, and steps through it
 * in slices that leave the event loop to others.
 *
 * Keys come from requests, so anybody can invent them. A key seen for the first time is on probation: it holds a few
 * values only, and the oldest on probation makes room. Only what was seen several times becomes a placement and may
 * displace one, so a stream of keys that nobody repeats forgets no placement and costs little memory.
 */
import type { ReserveEstimator } from './estimator.ts';
import { RollingWindow } from './rolling-window.ts';

export interface LearnedReserveOptions {
  readonly estimator: ReserveEstimator;
  /** Values kept per placement. */
  readonly windowCapacity: number;
  /** A placement with fewer values than this has no learned reserve. */
  readonly observationsMin: number;
  /** Most that a reserve moves in one step, as a share: 0.1 lets 100 become anything from 90.91 to 110. Above 0. */
  readonly stepRatioMax: number;
  /** Placements kept, and again as many keys on probation; beyond it the one observed longest ago is forgotten. */
  readonly placementsMax: number;
}

/** Owned by one caller, who changes it only through the functions below. */
export interface LearnedReserveState {
  readonly options: LearnedReserveOptions;
  /** By reserve key, least recently observed first. */
  readonly placements: Map<string, PlacementReserve>;
  /** The last of `placements`. The bids of one imp come in a row, and moving a key within a map costs a table each time. */
  newestKey: string | null;
  /** Values of keys seen less than `promotionCount` times, the oldest key first. */
  readonly probation: Map<string, number[]>;
  /** Keys whose published reserve may be out of date: they wait for the next round. */
  waiting: Set<string>;
  /** Keys that the round under way has still to step. */
  round: Set<string>;
}

interface PlacementReserve {
  readonly window: RollingWindow;
  /** 0 until there is enough data. */
  reserveCpmMicros: number;
}

export interface PublishedReserve {
  readonly reserveKey: string;
  /** 0: the reserve is no more. */
  readonly reserveCpmMicros: number;
}

/** The first reserve refuses at most this share of what was seen; from there it climbs by steps. */
const FIRST_RESERVE_QUANTILE = 0.1;
/** What a key costs besides its window, in values read. */
const KEY_VALUES = 32;
/** Observations that make a key a placement; fewer when even fewer make a reserve. */
const PROMOTION_COUNT_MAX = 30;

export function createLearnedReserve(options: LearnedReserveOptions): LearnedReserveState {
  const placements = new Map<string, PlacementReserve>();
  const probation = new Map<string, number[]>();
  return {
    options,
    placements,
    newestKey: null,
    probation,
    waiting: new Set(),
    round: new Set(),
  };
}

/** Adds one bidder's value, in micros per mille of the auction currency. Values that are not positive and finite are left out. */
export function observeValue(state: LearnedReserveState, reserveKey: string, ecpmMicros: number): void {
  if (!(ecpmMicros > 0 && Number.isFinite(ecpmMicros))) return;
  const { placements } = state;
  const placement = placements.get(reserveKey);
  if (placement === undefined) {
    observeOnProbation(state, reserveKey, ecpmMicros);
    return;
  }
  if (reserveKey !== state.newestKey) {
    placements.delete(reserveKey);
    placements.set(reserveKey, placement);
    state.newestKey = reserveKey;
  }
  placement.window.push(ecpmMicros);
  state.waiting.add(reserveKey);
}

function observeOnProbation(state: LearnedReserveState, reserveKey: string, ecpmMicros: number): void {
  const { probation, options } = state;
  let values = probation.get(reserveKey);
  if (values === undefined) {
    if (probation.size >= options.placementsMax) probation.delete(oldestKey(probation));
    values = [];
    probation.set(reserveKey, values);
  }
  values.push(ecpmMicros);
  if (values.length < Math.min(PROMOTION_COUNT_MAX, options.observationsMin)) return;
  probation.delete(reserveKey);
  promote(state, reserveKey, values);
}

/**
 * The first key. A fresh iterator each time: one that is kept pins every table that the map has outgrown since, about a
 * kilobyte per observation (measured: 77 MB after 100,000 auctions).
 */
function oldestKey(map: ReadonlyMap<string, unknown>): string {
  return map.keys().next().value!;
}

function promote(state: LearnedReserveState, reserveKey: string, values: readonly number[]): void {
  const { placements, options, waiting } = state;
  if (placements.size >= options.placementsMax) forget(state, oldestKey(placements));
  const window = new RollingWindow(options.windowCapacity);
  for (const value of values) window.push(value);
  placements.set(reserveKey, { window, reserveCpmMicros: 0 });
  state.newestKey = reserveKey;
  waiting.add(reserveKey);
}

/** The next round withdraws its reserve. */
function forget({ placements, waiting }: LearnedReserveState, reserveKey: string): void {
  placements.delete(reserveKey);
  waiting.add(reserveKey);
}

/** Lets every placement observed since its last step move once. Nothing happens while a round is under way. */
export function beginRound(state: LearnedReserveState): void {
  if (state.round.size > 0) return;
  const { waiting, round } = state;
  state.round = waiting;
  state.waiting = round;
}

export function isRoundUnderWay(state: LearnedReserveState): boolean {
  return state.round.size > 0;
}

/**
 * Moves the reserves of the next placements of the round towards their estimates, until it has read `valuesMax` values
 * or (one placement at least) the round is over. Returns the reserves that may have changed.
 */
export function stepSlice(state: LearnedReserveState, valuesMax: number): PublishedReserve[] {
  const { round, placements, options } = state;
  const published: PublishedReserve[] = [];
  let values = 0;
  for (const reserveKey of round) {
    round.delete(reserveKey);
    const placement = placements.get(reserveKey);
    if (placement !== undefined) {
      placement.reserveCpmMicros = nextReserve(placement, options);
      values += placement.window.count;
    }
    values += KEY_VALUES;
    published.push({ reserveKey, reserveCpmMicros: placement?.reserveCpmMicros ?? 0 });
    if (values >= valuesMax) break;
  }
  return published;
}

/** 0 for a placement that is unknown or has too little data. */
export function reserveFor(state: LearnedReserveState, reserveKey: string): number {
  return state.placements.get(reserveKey)?.reserveCpmMicros ?? 0;
}

function nextReserve(placement: PlacementReserve, options: LearnedReserveOptions): number {
  const { window, reserveCpmMicros } = placement;
  if (window.count < options.observationsMin) return reserveCpmMicros;
  const target = options.estimator(window.values, window.count);
  if (reserveCpmMicros === 0) return Math.round(Math.min(target, quantile(window, FIRST_RESERVE_QUANTILE)));
  const highest = Math.max(reserveCpmMicros * (1 + options.stepRatioMax), reserveCpmMicros + 1);
  const lowest = reserveCpmMicros / (1 + options.stepRatioMax);
  return Math.round(Math.min(highest, Math.max(lowest, target)));
}

function quantile(window: RollingWindow, share: number): number {
  const ascending = window.values.slice(0, window.count).sort();
  return ascending[Math.floor(share * window.count)] ?? 0;
}
