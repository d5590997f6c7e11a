/**
 * All that protects the auctions from one DSP, and the DSP from us: adaptive timeout, breaker, rotation, throttle,
 * concurrency and QPS caps. One object per DSP, owned by its actor; nothing is shared between DSPs, so no DSP can be
 * closed by another's failures. Pure: time (monotonic ms) and randomness are arguments. See docs/fan-out.md.
 *
 *     breaker    judges   dead or failing            calls fail, from whatever cause
 *     rotation   judges   too slow                   answers come late
 *     recovery   decides  the share of the suspect   of those two, from 1% to all
 *     throttle   decides  the share of the unsteady  while neither has judged
 */
import type { Random } from '../ports/random.ts';
import { ADAPTIVE_TIMEOUT_DEFAULTS, AdaptiveTimeout, type AdaptiveTimeoutOptions } from './adaptive-timeout.ts';
import { BREAKER_DEFAULTS, Breaker, type BreakerOptions, type BreakerState } from './breaker.ts';
import { OfferGap } from './offer-gap.ts';
import { RECOVERY_DEFAULTS, Recovery, type RecoveryOptions } from './recovery.ts';
import type { ReplyResult } from './reply.ts';
import { ROTATION_DEFAULTS, Rotation, type RotationOptions } from './rotation.ts';
import { SHAPING_SKIP_REASONS, type ShapingSkipReason } from './shaping/dsp-shaping.ts';
import { THROTTLE_DEFAULTS, Throttle, type ThrottleOptions } from './throttle.ts';
import { BURST_MS_DEFAULT, TokenBucket, type TokenBucketOptions } from './token-bucket.ts';

export interface DspHealthOptions {
  /** False: results are observed, but every call is made and may take the configured timeout. */
  readonly isProtected: boolean;
  /** Configured longest wait for this DSP, ms. */
  readonly timeoutMs: number;
  /** Below this a call is not worth making (OPENRTB: tmax), ms. */
  readonly timeoutMsMin: number;
  /** Calls under way at once; more would only wait for a connection. */
  readonly inFlightMax: number;
  /** Agreed queries per second; null: no limit. */
  readonly callsPerSecondMax: number | null;
  /** How much unused rate may be caught up at once, ms. */
  readonly burstMs: number;
  readonly adaptiveTimeout: AdaptiveTimeoutOptions;
  readonly breaker: BreakerOptions;
  readonly recovery: RecoveryOptions;
  readonly rotation: RotationOptions;
  readonly throttle: ThrottleOptions;
}

/** The machines' numbers; the limits depend on the DSP. */
export const DSP_HEALTH_DEFAULTS = {
  isProtected: true,
  burstMs: BURST_MS_DEFAULT,
  adaptiveTimeout: ADAPTIVE_TIMEOUT_DEFAULTS,
  breaker: BREAKER_DEFAULTS,
  recovery: RECOVERY_DEFAULTS,
  rotation: ROTATION_DEFAULTS,
  throttle: THROTTLE_DEFAULTS,
} as const;

/** Closed list: why a DSP is not called. */
export const DSP_SKIP_REASONS = [
  'no-time',
  'at-capacity',
  'breaker-open',
  'out-of-rotation',
  'throttled',
  ...SHAPING_SKIP_REASONS,
  'over-qps',
] as const;

export type DspSkipReason = (typeof DSP_SKIP_REASONS)[number];

export interface DspCallDecision {
  readonly kind: 'call';
  /** Whole milliseconds: also the `tmax` the DSP is told, and equal values share one serialised body. */
  readonly timeoutMs: number;
  /** The DSP is under suspicion and this call asks how it is. */
  readonly isProbe: boolean;
  /** False: nothing is likely to come in time. No auction waits for it, but a bid that does come still counts. */
  readonly isAwaited: boolean;
}

export type DspDecision = DspCallDecision | { readonly kind: 'skip'; readonly reason: DspSkipReason };

/** How a decided call ended. */
export interface CallOutcome {
  readonly result: ReplyResult;
  /** Until the answer, or until the call was given up, ms; 0 if it was never sent. */
  readonly latencyMs: number;
  /** As decided. */
  readonly timeoutMs: number;
  /** As decided. */
  readonly isProbe: boolean;
  /** Our own process was at fault (no descriptors, a fault in reading the answer): says nothing about the DSP. */
  readonly isLocalFault: boolean;
  /** Of a timeout: the part of the wait for which our own event loop was blocked, ms; otherwise 0. */
  readonly blockedMs: number;
}

export interface DspHealth {
  readonly options: DspHealthOptions;
  readonly timeout: AdaptiveTimeout;
  readonly breaker: Breaker;
  readonly recovery: Recovery;
  readonly rotation: Rotation;
  readonly throttle: Throttle;
  /** Null: no limit. */
  readonly bucket: TokenBucket | null;
  readonly offerGap: OfferGap;
  /** Calls in a row that were not answered in time. */
  lateRun: number;
  /** Calls under way, by the outcomes that have been recorded. */
  inFlight: number;
  calledAtMs: number;
  callCount: number;
  readonly skipCounts: Record<DspSkipReason, number>;
  /** Decisions by timeout, made once: deciding allocates nothing. */
  readonly calls: DspCallDecision[];
  readonly unawaitedCalls: DspCallDecision[];
  readonly probes: DspCallDecision[];
}

const SKIPS = Object.fromEntries(DSP_SKIP_REASONS.map((reason) => [reason, { kind: 'skip', reason }])) as {
  readonly [Reason in DspSkipReason]: DspDecision;
};

/** Null: none was agreed. */
export function agreedRate({ callsPerSecondMax, burstMs }: DspHealthOptions): TokenBucketOptions | null {
  return callsPerSecondMax === null ? null : { ratePerSecond: callsPerSecondMax, burstMs };
}

export function createDspHealth(options: DspHealthOptions, nowMs: number): DspHealth {
  const rate = agreedRate(options);
  return {
    options,
    timeout: new AdaptiveTimeout(options.adaptiveTimeout, options, nowMs),
    breaker: new Breaker(options.breaker, nowMs),
    recovery: new Recovery(options.recovery),
    rotation: new Rotation(options.rotation, nowMs),
    throttle: new Throttle(options.throttle, nowMs),
    bucket: rate === null ? null : new TokenBucket(rate, nowMs),
    offerGap: new OfferGap(nowMs),
    lateRun: 0,
    inFlight: 0,
    calledAtMs: Number.NEGATIVE_INFINITY,
    callCount: 0,
    skipCounts: Object.fromEntries(DSP_SKIP_REASONS.map((reason) => [reason, 0])) as Record<DspSkipReason, number>,
    calls: [],
    unawaitedCalls: [],
    probes: [],
  };
}

/**
 * After so many calls in a row that were not answered in time no auction waits for the DSP, until it answers. The breaker
 * must be sure before it cuts a DSP off; waiting for nothing costs every auction from the first on, and not waiting costs
 * little: bids that come before the others' still count.
 */
const LATE_RUN_AWAITED_MAX = 2;

/**
 * Whether and how long to call for a request with `remainingMs` left. Every `call` must be followed by one `record`.
 * `unworthy`: why traffic shaping would rather not, null when it has nothing against the call. A DSP under suspicion is
 * asked all the same, or the probes that show it healed would be too few.
 */
export function decide(
  health: DspHealth,
  nowMs: number,
  remainingMs: number,
  random: Random,
  unworthy: ShapingSkipReason | null = null,
): DspDecision {
  health.offerGap.offered(nowMs);
  const reason = skipReason(health, nowMs, remainingMs, random, unworthy);
  if (reason !== null) {
    health.skipCounts[reason] += 1;
    return SKIPS[reason];
  }
  health.inFlight += 1;
  health.callCount += 1;
  health.calledAtMs = nowMs;
  const { isProtected, timeoutMs } = health.options;
  const isProbe = isProtected && health.recovery.isActive;
  // A probe asks whether the DSP is well, not whether it is as fast as it was.
  const waitMs = isProbe || !isProtected ? timeoutMs : health.timeout.waitForCallMs(nowMs, random);
  return callDecision(health, Math.floor(Math.min(waitMs, remainingMs)), isProbe);
}

/** Tokens are taken last, so that only calls that are made use up the agreed rate. */
function skipReason(
  health: DspHealth,
  nowMs: number,
  remainingMs: number,
  random: Random,
  unworthy: ShapingSkipReason | null,
): DspSkipReason | null {
  const { options, breaker, rotation, bucket } = health;
  if (remainingMs < options.timeoutMsMin) return 'no-time';
  if (health.inFlight >= options.inFlightMax) return 'at-capacity';
  breaker.advance(nowMs);
  if (options.isProtected && !passes(health, nowMs, random)) {
    if (breaker.state !== 'closed') return 'breaker-open';
    return rotation.isOut ? 'out-of-rotation' : 'throttled';
  }
  if (unworthy !== null && !(options.isProtected && health.recovery.isActive)) return unworthy;
  if (bucket !== null && !bucket.take(nowMs)) return 'over-qps';
  return null;
}

function passes(health: DspHealth, nowMs: number, random: Random): boolean {
  return health.recovery.passes(callShare(health), nowMs - health.calledAtMs, health.offerGap.meanMs, random);
}

/** The stricter one decides; multiplied, two floors of 1% would leave one call in ten thousand. */
function callShare(health: DspHealth): number {
  return Math.min(health.recovery.share, health.throttle.share);
}

function callDecision(health: DspHealth, timeoutMs: number, isProbe: boolean): DspCallDecision {
  const { isProtected } = health.options;
  const isAwaited = !isProbe && (!isProtected || health.lateRun <= LATE_RUN_AWAITED_MAX);
  const known = isProbe ? health.probes : isAwaited ? health.calls : health.unawaitedCalls;
  let decision = known[timeoutMs];
  if (decision === undefined) {
    decision = { kind: 'call', timeoutMs, isProbe, isAwaited };
    known[timeoutMs] = decision;
  }
  return decision;
}

/** A decided call has ended. `random` draws the jitter of a back-off. */
export function record(health: DspHealth, outcome: CallOutcome, nowMs: number, random: Random): void {
  // An actor that was restarted has forgotten calls under way whose outcomes still come.
  health.inFlight = Math.max(0, health.inFlight - 1);
  if (outcome.isLocalFault) return;
  const verdict = verdictOn(health.timeout, outcome);
  if (verdict === null && outcome.blockedMs > 0) {
    // Perhaps ours, perhaps a DSP that hangs: not held against it, but nobody goes on waiting for it either.
    health.lateRun += 1;
    return;
  }
  learnLatency(health.timeout, outcome, nowMs);
  if (verdict !== null) judge(health, verdict, outcome.isProbe, nowMs, random);
}

/** The time that a DSP which timed out really had, ms. */
function fairWaitMs({ timeoutMs, blockedMs }: CallOutcome): number {
  return timeoutMs - blockedMs;
}

/**
 * The answer to a call that has been recorded as a timeout came before its connection was given up: how slow the DSP
 * really is. Counted beside the timeout, so that slow calls weigh more rather than less.
 */
export function recordLateAnswer(health: DspHealth, latencyMs: number, nowMs: number): void {
  health.timeout.answered(latencyMs, nowMs);
}

/** Errors come faster than answers and would make the DSP look fast: no latency is learned from them. */
function learnLatency(timeout: AdaptiveTimeout, outcome: CallOutcome, nowMs: number): void {
  const { result, latencyMs } = outcome;
  if (result === 'bid' || result === 'no-bid' || result === 'invalid') timeout.answered(latencyMs, nowMs);
  else if (result === 'timeout') timeout.timedOut(fairWaitMs(outcome), nowMs);
  else if (result === 'not-sent' && latencyMs > 0) timeout.abandoned(latencyMs, nowMs);
}

/** What an outcome says: of no use to the auction, and in particular not answered in time. */
interface Verdict {
  readonly isFailure: boolean;
  readonly isLate: boolean;
}

const GOOD: Verdict = { isFailure: false, isLate: false };
const FAILED: Verdict = { isFailure: true, isLate: false };
const LATE: Verdict = { isFailure: true, isLate: true };

/** Null: says nothing about the DSP. */
function verdictOn(timeout: AdaptiveTimeout, outcome: CallOutcome): Verdict | null {
  switch (outcome.result) {
    case 'bid':
    case 'no-bid':
      return GOOD;
    // Of HTTP errors also 4xx: nothing can be bought with them either, and 429 asks for fewer calls.
    case 'http-error':
    case 'invalid':
    case 'unreadable':
      return FAILED;
    case 'unreachable':
      return LATE;
    case 'timeout':
      return timeout.isFairWait(fairWaitMs(outcome)) ? LATE : null;
    case 'not-sent':
    case 'skipped':
      return null;
  }
}

function judge(health: DspHealth, verdict: Verdict, isProbe: boolean, nowMs: number, random: Random): void {
  const { breaker, throttle, recovery } = health;
  const before = breaker.state;
  health.lateRun = verdict.isLate ? health.lateRun + 1 : 0;
  breaker.record(verdict.isFailure, isProbe, nowMs, random);
  if (before !== breaker.state) {
    onBreakerChange(health, nowMs);
    return;
  }
  if (before === 'closed') throttle.record(verdict.isFailure, nowMs);
  if (isProbe && recovery.isActive) {
    recovery.record(verdict.isFailure, before !== 'open', nowMs);
    if (recovery.isClean(nowMs)) breaker.endBackOff();
  }
  if (before === 'closed') judgeLateness(health, verdict.isLate, isProbe, nowMs);
}

/** A result can only open it or close it. Either way what the others hold against the DSP is settled. */
function onBreakerChange(health: DspHealth, nowMs: number): void {
  const { breaker, throttle, recovery, rotation } = health;
  rotation.reset(nowMs);
  throttle.reset();
  if (breaker.state === 'open') recovery.begin(nowMs);
  else recovery.end(nowMs);
}

function judgeLateness(health: DspHealth, isLate: boolean, isProbe: boolean, nowMs: number): void {
  const { recovery, rotation } = health;
  const change = rotation.record(isLate, isProbe, nowMs);
  if (change === 'returned') recovery.end(nowMs);
  else if (change !== 'none') recovery.begin(nowMs);
}

/** The worst that holds. */
export type DspCondition = 'open' | 'half-open' | 'out-of-rotation' | 'throttled' | 'healthy';

export interface DspHealthSnapshot {
  readonly state: DspCondition;
  readonly breaker: BreakerState;
  /** Until the breaker half opens at the latest, ms; 0 unless open. */
  readonly backOffRemainingMs: number;
  /** Failed calls in the breaker's window; null without calls. */
  readonly errorRatio: number | null;
  readonly rotation: 'in' | 'out';
  /** Calls answered in time in the rotation's window; null without calls. */
  readonly inTimeRatio: number | null;
  readonly throttleShare: number;
  /** Share of calls that may pass in all: the least that any machine allows. */
  readonly callShare: number;
  /** Wait of an ordinary call, ms. */
  readonly timeoutMs: number;
  /** Null: unknown from the calls of the window, or above the measured range. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  readonly inFlight: number;
  /** Since the start of the process (or of the actor). */
  readonly callCount: number;
  readonly skipCounts: Readonly<Record<DspSkipReason, number>>;
}

/** For `GET /admin/dsps` and gauges. Reads the whole histogram: not for the path of a request. */
export function snapshot(health: DspHealth, nowMs: number): DspHealthSnapshot {
  const { breaker, rotation, throttle, timeout } = health;
  breaker.advance(nowMs);
  timeout.histogram.advance(nowMs);
  return {
    state: stateOf(health),
    breaker: breaker.state,
    backOffRemainingMs: breaker.backOffRemainingMs(nowMs),
    errorRatio: breaker.errorRatio(nowMs),
    rotation: rotation.isOut ? 'out' : 'in',
    inTimeRatio: rotation.inTimeRatio(nowMs),
    throttleShare: throttle.share,
    callShare: callShare(health),
    timeoutMs: timeout.waitMs(nowMs),
    p50Ms: knownQuantileMs(timeout, 0.5),
    p95Ms: knownQuantileMs(timeout, 0.95),
    p99Ms: knownQuantileMs(timeout, 0.99),
    inFlight: health.inFlight,
    callCount: health.callCount,
    skipCounts: { ...health.skipCounts },
  };
}

function stateOf(health: DspHealth): DspCondition {
  if (health.breaker.state !== 'closed') return health.breaker.state;
  if (health.rotation.isOut) return 'out-of-rotation';
  return health.throttle.share < 1 ? 'throttled' : 'healthy';
}

function knownQuantileMs(timeout: AdaptiveTimeout, p: number): number | null {
  const quantileMs = timeout.histogram.quantileMs(p);
  return Number.isFinite(quantileMs) ? quantileMs : null;
}
