/**
 * The learned reserve of every placement: values come in as auctions end, `step` turns the windows into the reserves
 * that the next auctions use. No clock: the owner calls `step` as often as it wants reserves to move.
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
  /** Placements kept; beyond it the one that was observed longest ago is forgotten, with its reserve. */
  readonly placementsMax: number;
}

/** Owned by one caller, who changes it only through the functions below. */
export interface LearnedReserveState {
  readonly options: LearnedReserveOptions;
  /** Least recently observed first. */
  readonly placements: Map<string, PlacementReserve>;
}

interface PlacementReserve {
  readonly window: RollingWindow;
  /** 0 until there is enough data. */
  reserveCpmMicros: number;
}

export interface PublishedReserve {
  readonly placementId: string;
  readonly reserveCpmMicros: number;
}

/** The first reserve refuses at most this share of what was seen; from there it climbs by steps. */
const FIRST_RESERVE_QUANTILE = 0.1;

export function createLearnedReserve(options: LearnedReserveOptions): LearnedReserveState {
  return { options, placements: new Map() };
}

/** Adds one bidder's value, in micros per mille of the auction currency. Values that are not positive and finite are left out. */
export function observeValue(state: LearnedReserveState, placementId: string, ecpmMicros: number): void {
  if (!(ecpmMicros > 0 && Number.isFinite(ecpmMicros))) return;
  const { placements, options } = state;
  let placement = placements.get(placementId);
  if (placement === undefined) {
    placement = { window: new RollingWindow(options.windowCapacity), reserveCpmMicros: 0 };
    if (placements.size >= options.placementsMax) placements.delete(leastRecentlyObserved(placements));
  } else {
    placements.delete(placementId);
  }
  placements.set(placementId, placement);
  placement.window.push(ecpmMicros);
}

function leastRecentlyObserved(placements: ReadonlyMap<string, PlacementReserve>): string {
  return placements.keys().next().value!;
}

/** Moves every placement's reserve towards its estimate; returns those that changed. */
export function stepReserves(state: LearnedReserveState): PublishedReserve[] {
  const changed: PublishedReserve[] = [];
  for (const [placementId, placement] of state.placements) {
    const reserveCpmMicros = nextReserve(placement, state.options);
    if (reserveCpmMicros === placement.reserveCpmMicros) continue;
    placement.reserveCpmMicros = reserveCpmMicros;
    changed.push({ placementId, reserveCpmMicros });
  }
  return changed;
}

/** 0 for a placement that is unknown or has too little data. */
export function reserveFor(state: LearnedReserveState, placementId: string): number {
  return state.placements.get(placementId)?.reserveCpmMicros ?? 0;
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
