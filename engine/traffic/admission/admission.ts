/**
 * Admission control: which ad requests are taken, in which service, and which are refused before they cost anything. One per
 * process. Auctions only: tracking, billing, status and admin requests never pass here, so they are never shed with them.
 *
 * `admit` for each request, then exactly one of `finished` (it was auctioned) or `released` (it was not) for each accepted.
 */
import { BurstCredit, type BurstCreditOptions } from './burst-credit.ts';
import { ConcurrencyLimit, type ConcurrencyLimitOptions } from './concurrency-limit.ts';
import { type RequestValueOptions, RequestValues, type ValueHints } from './request-value.ts';
import { RollingQuantile, type RollingQuantileOptions } from './rolling-quantile.ts';
import {
  measureUtilisation,
  PRESSURE_CAUSES,
  type PressureCause,
  type PressureLimits,
  type PressureSignals,
  type Utilisation,
} from './utilisation.ts';
import { type DegradeLevel, refuses, SIGNAL_FROM, type Zone, type ZoneOptions, ZoneTracker } from './zones.ts';

export interface AdmissionOptions {
  readonly concurrency: ConcurrencyLimitOptions;
  readonly pressure: PressureLimits;
  readonly zones: ZoneOptions;
  readonly burst: BurstCreditOptions;
  readonly values: RequestValueOptions;
  readonly valued: RollingQuantileOptions;
}

/** Closed list, also the `class` label of `rtb_shed_total`: worth more than the rolling P95, or not. */
export const VALUE_CLASSES = ['valued', 'ordinary'] as const;
export type ValueClass = (typeof VALUE_CLASSES)[number];

export interface Accepted {
  readonly kind: 'accept';
  readonly degrade: DegradeLevel;
}

export interface Shed {
  readonly kind: 'shed';
  readonly cause: PressureCause;
  readonly class: ValueClass;
  /** What such requests bring, CPM micros of the exchange's currency: an estimate. */
  readonly lostValueMicros: number;
}

export type AdmissionDecision = Accepted | Shed;

export interface AdmittedOutcome {
  /** As accepted. */
  readonly degrade: DegradeLevel;
  /** As admitted. */
  readonly hints: ValueHints;
  /** From arrival to answer, less the waiting for DSPs. */
  readonly ownLatencyMs: number;
  /** Sum of the clearing prices, CPM micros of the exchange's currency; 0 when nothing was sold. */
  readonly valueMicros: number;
}

export interface AdmissionSnapshot {
  readonly zone: Zone;
  readonly degrade: DegradeLevel;
  /** At the last request. */
  readonly utilisation: number;
  readonly smoothedUtilisation: number;
  /** The part of utilisation that was largest. */
  readonly cause: PressureCause;
  readonly inFlight: number;
  readonly concurrencyLimit: number;
  /** 0 until learned. */
  readonly baselineLatencyMs: number;
  readonly ownLatencyMs: number;
  /** Requests that may still be let in above the limits. */
  readonly burstCredit: number;
  /** Rolling P95; null until enough values are known. */
  readonly valuedAboveMicros: number | null;
  readonly accepted: number;
  readonly shed: readonly ShedCount[];
}

export interface ShedCount {
  readonly cause: PressureCause;
  readonly class: ValueClass;
  readonly count: number;
  readonly lostValueMicros: number;
}

/** Opaque; owned by one ingress. */
export interface Admission {
  readonly pressure: PressureLimits;
  readonly limit: ConcurrencyLimit;
  readonly zones: ZoneTracker;
  readonly burst: BurstCredit;
  readonly values: RequestValues;
  readonly valued: RollingQuantile;
  readonly shed: Record<PressureCause, Record<ValueClass, { count: number; lostValueMicros: number }>>;
  readonly utilisation: Utilisation;
  signals: PressureSignals;
  inFlight: number;
  accepted: number;
}

const NO_PRESSURE: PressureSignals = { loopDelayMs: 0, queueAgeMs: 0, heapShare: 0 };
/** Up to this share of the limit nobody is refused or degraded for a late loop. */
const LIMIT_SHARE_FREE = 0.5;
/**
 * How often an auction waits for the loop: until its request is picked up, and the last answer of a DSP. Both are ours, and no
 * stopwatch inside the process sees them.
 */
const PICK_UPS = 2;
const ACCEPTED: readonly Accepted[] = [
  { kind: 'accept', degrade: 0 },
  { kind: 'accept', degrade: 1 },
  { kind: 'accept', degrade: 2 },
];

export function createAdmission(options: AdmissionOptions, nowMs: number): Admission {
  const none = (): Record<ValueClass, { count: number; lostValueMicros: number }> => ({
    valued: { count: 0, lostValueMicros: 0 },
    ordinary: { count: 0, lostValueMicros: 0 },
  });
  return {
    pressure: options.pressure,
    limit: new ConcurrencyLimit(options.concurrency, nowMs),
    zones: new ZoneTracker(options.zones, nowMs),
    burst: new BurstCredit(options.burst, nowMs),
    values: new RequestValues(options.values),
    valued: new RollingQuantile(options.valued, nowMs),
    shed: { concurrency: none(), 'loop-delay': none(), 'queue-age': none(), heap: none() },
    utilisation: { value: 0, cause: 'concurrency' },
    signals: NO_PRESSURE,
    inFlight: 0,
    accepted: 0,
  };
}

/** What the process feels; hold until the next call. Call it on a timer too, so that pressure ends without requests. */
export function observePressure(admission: Admission, signals: PressureSignals, nowMs: number): void {
  admission.signals = signals;
  track(admission, nowMs);
}

/** `random` is uniform in [0, 1). An accepted request counts as in flight until `finished` or `released`. */
export function admit(admission: Admission, hints: ValueHints, nowMs: number, random: number): AdmissionDecision {
  const value = admission.values.estimate(hints);
  admission.valued.add(value, nowMs);
  track(admission, nowMs);
  const { utilisation } = admission;
  const valued = value > admission.valued.value;
  const isPressed = isUnderPressure(admission);
  if (isPressed && refuses(utilisation.value, valued, random) && !isLetInOnCredit(admission)) {
    return shed(admission, utilisation.cause, valued, value);
  }
  admission.inFlight++;
  admission.accepted++;
  return ACCEPTED[isPressed ? admission.zones.level : 0]!;
}

/** The request was auctioned and answered. */
export function finished(admission: Admission, outcome: AdmittedOutcome, nowMs: number): void {
  const sample = {
    ownLatencyMs: outcome.ownLatencyMs + PICK_UPS * admission.signals.loopDelayMs,
    inFlight: admission.inFlight,
    fullService: outcome.degrade === 0,
  };
  admission.limit.record(sample, nowMs);
  // Degraded auctions bring less, for all sources alike: their order, which is what decides, stays.
  admission.values.learn(outcome.hints, outcome.valueMicros);
  released(admission, nowMs);
}

/** The request ended without an auction: bad input, or its client is gone. Nothing is learned from it. */
export function released(admission: Admission, nowMs: number): void {
  admission.inFlight--;
  track(admission, nowMs);
}

export function snapshot(admission: Admission): AdmissionSnapshot {
  const { zones, utilisation, limit, valued } = admission;
  return {
    zone: zones.zone,
    degrade: zones.level,
    utilisation: utilisation.value,
    smoothedUtilisation: zones.smoothedUtilisation,
    cause: utilisation.cause,
    inFlight: admission.inFlight,
    concurrencyLimit: limit.limit,
    baselineLatencyMs: limit.baselineMs,
    ownLatencyMs: limit.shortMs,
    burstCredit: admission.burst.credit,
    valuedAboveMicros: Number.isFinite(valued.value) ? valued.value : null,
    accepted: admission.accepted,
    shed: PRESSURE_CAUSES.flatMap((cause) =>
      VALUE_CLASSES.map((name) => ({ cause, class: name, ...admission.shed[cause][name] })),
    ),
  };
}

/**
 * A loop that was blocked once (garbage, a neighbour on the machine) is no overload: what waited meanwhile is soon done, and
 * refusing or degrading protects nobody. Lasting lateness lowers the limit, as it is part of every own latency.
 */
function isUnderPressure({ inFlight, limit, utilisation }: Admission): boolean {
  return inFlight >= LIMIT_SHARE_FREE * limit.limit || utilisation.cause === 'heap';
}

/** A full heap has no room for a burst. */
function isLetInOnCredit({ utilisation, burst }: Admission): boolean {
  return utilisation.cause !== 'heap' && burst.take();
}

function track({ utilisation, inFlight, limit, signals, pressure, zones, burst }: Admission, nowMs: number): void {
  measureUtilisation(utilisation, inFlight, limit.limit, signals, pressure);
  zones.observe(utilisation.value, nowMs);
  burst.observe(zones.smoothedUtilisation < SIGNAL_FROM, nowMs);
}

function shed(admission: Admission, cause: PressureCause, valued: boolean, lostValueMicros: number): Shed {
  const valueClass = valued ? 'valued' : 'ordinary';
  const tally = admission.shed[cause][valueClass];
  tally.count++;
  tally.lostValueMicros += lostValueMicros;
  return { kind: 'shed', cause, class: valueClass, lostValueMicros };
}
