/** What happened in a run, in sentences, out of nothing but its record. */
import type { FaultSpan, IntervalFigures, RunRecord, StateSpan } from '../../world/run-record.ts';
import { verdictOf } from './check-section.ts';
import { count, DAY_MS, HOUR_MS, lengthOfTime, MINUTE_MS, percent, plural } from './quantities.ts';
import { shedCount, sum } from './run-view.ts';
import { type VirtualClock, virtualClock } from './virtual-clock.ts';

export interface Story {
  /** The whole of it in one line. */
  readonly headline: string;
  /** What followed, a sentence each. */
  readonly sentences: readonly string[];
  /** On the checks. */
  readonly verdict: Judgement;
}

export interface Judgement {
  readonly kind: 'good' | 'bad' | 'unknown';
  readonly text: string;
}

export function storyOf(record: RunRecord): Story {
  const clock = virtualClock(record.startedAtMs, record.durationMs);
  const verdict = judgementOf(record);
  return {
    headline: `${lengthInWords(record.durationMs)} of ${count(record.totals.requests)} requests${faultsInWords(record.faults, clock)}`,
    sentences: [
      ...reactions(record, clock),
      ...revenueUnderFaults(record),
      ...trafficLosses(record),
      ...fallbackUse(record),
      `${verdict.text}.`,
    ],
    verdict,
  };
}

const WHOLE: Readonly<Record<number, string>> = {
  [MINUTE_MS]: 'A minute',
  [HOUR_MS]: 'An hour',
  [DAY_MS]: 'A day',
  [7 * DAY_MS]: 'A week',
  [365 * DAY_MS]: 'A year',
};

function lengthInWords(ms: number): string {
  return WHOLE[ms] ?? lengthOfTime(ms);
}

/** Faults that are told one by one. */
const TOLD_MAX = 2;

function faultsInWords(faults: readonly FaultSpan[], clock: VirtualClock): string {
  if (faults.length === 0) return ' without a fault';
  const told = faults.slice(0, TOLD_MAX).map((fault) => faultInWords(fault, clock));
  const more = faults.length - told.length;
  return `, with ${[...told, ...(more > 0 ? [`${plural(more, 'more fault')}`] : [])].join(', and ')}`;
}

/** Kinds that are adjectives of what they strike; of others: `partition at eu`. */
const ADJECTIVES: ReadonlySet<string> = new Set([
  'silent',
  'slow',
  'malformed',
  'bursty',
  'overpriced',
  'down',
  'late',
]);

function faultInWords({ kind, target, fromMs, untilMs }: FaultSpan, clock: VirtualClock): string {
  const what = ADJECTIVES.has(kind) ? `${target} ${kind}` : `${kind} at ${target}`;
  const endMs = Math.min(untilMs, clock.spanMs);
  if (endMs <= fromMs) return `${what} at ${clock.at(fromMs)}`;
  if (fromMs <= 0 && endMs >= clock.spanMs) return `${what} all the time`;
  return `${what} from ${clock.at(fromMs)} to ${clock.at(endMs)}`;
}

/** How soon the breakers of DSPs with faults opened. */
function reactions({ faults, states }: RunRecord, clock: VirtualClock): string[] {
  const opened = faults
    .map((fault) => ({ fault, opening: firstOpening(fault, states) }))
    .filter((pair): pair is { fault: FaultSpan; opening: StateSpan } => pair.opening !== null);
  const sentences = opened
    .slice(0, TOLD_MAX)
    .map(
      ({ fault, opening }) =>
        `The breaker of ${fault.target} opened ${lengthOfTime(opening.fromMs - fault.fromMs)} after the fault began${closing(fault, states, clock)}.`,
    );
  const all = states.filter(({ kind, state }) => kind === 'breaker' && state === 'open');
  if (all.length > 0 && sentences.length === 0) sentences.push(`Breakers opened ${times(all.length)}.`);
  const down = states.filter(({ kind, state }) => kind === 'process' && state === 'down');
  if (down.length > 0) {
    const downMs = sum(down.map(({ fromMs, untilMs }) => Math.min(untilMs, clock.spanMs) - fromMs));
    sentences.push(`Processes were down ${times(down.length)}, ${lengthOfTime(downMs)} in all.`);
  }
  return sentences;
}

function firstOpening(fault: FaultSpan, states: readonly StateSpan[]): StateSpan | null {
  return (
    states
      .filter(
        ({ kind, state, subject, fromMs }) =>
          kind === 'breaker' &&
          state === 'open' &&
          subject === fault.target &&
          fromMs >= fault.fromMs &&
          fromMs <= fault.untilMs,
      )
      .toSorted((a, b) => a.fromMs - b.fromMs)[0] ?? null
  );
}

/** When its breaker was in no other state any more than closed. */
function closing(fault: FaultSpan, states: readonly StateSpan[], clock: VirtualClock): string {
  const own = states.filter(
    ({ kind, subject, untilMs }) => kind === 'breaker' && subject === fault.target && untilMs > fault.fromMs,
  );
  const closedMs = Math.max(...own.map(({ untilMs }) => untilMs));
  return closedMs >= clock.spanMs
    ? ', and was not closed again by the end'
    : `, and was closed again at ${clock.at(closedMs)}`;
}

function times(amount: number): string {
  return amount === 1 ? 'once' : `${count(amount)} times`;
}

/** Differences smaller than this are none. */
const NOTICED = 0.005;

/** Per request, so that the hours of the day are no effect; what caused the difference is for the reader to judge. */
function revenueUnderFaults({ faults, intervals, durationMs }: RunRecord): string[] {
  if (faults.length === 0) return [];
  const isFaulty = (interval: IntervalFigures, at: number) => {
    const endMs = intervals[at + 1]?.fromMs ?? durationMs;
    return faults.some(({ fromMs, untilMs }) => fromMs < endMs && untilMs > interval.fromMs);
  };
  const during = revenuePerRequest(intervals.filter(isFaulty));
  const else_ = revenuePerRequest(intervals.filter((interval, at) => !isFaulty(interval, at)));
  if (during === null || else_ === null || else_ === 0) return [];
  const change = during / else_ - 1;
  if (Math.abs(change) < NOTICED)
    return ['Revenue per request was the same while faults lasted as in the rest of the run.'];
  return [
    `Revenue per request was ${percent(Math.abs(change))} ${change < 0 ? 'lower' : 'higher'} while faults lasted than in the rest of the run.`,
  ];
}

function revenuePerRequest(intervals: readonly IntervalFigures[]): number | null {
  const requests = sum(intervals.map((interval) => interval.requests));
  return requests === 0 ? null : sum(intervals.map(({ revenueNanos }) => revenueNanos)) / requests;
}

function trafficLosses({ totals }: RunRecord): string[] {
  const shed = shedCount(totals);
  const { requests, unanswered } = totals;
  if (requests === 0) return [];
  if (shed === 0 && unanswered === 0) return ['Every request was answered.'];
  const losses = [
    ...(shed > 0 ? [`${count(shed)} (${percent(shed / requests)}) were shed`] : []),
    ...(unanswered > 0 ? [`${count(unanswered)} (${percent(unanswered / requests)}) were not answered in time`] : []),
  ];
  return [`Of the requests ${losses.join(' and ')}.`];
}

function fallbackUse({ totals: { fallbacks, answered } }: RunRecord): string[] {
  if (fallbacks === 0 || answered === 0) return [];
  return [`${percent(fallbacks / answered)} of the answers were decided with fallback estimates.`];
}

function judgementOf({ checks }: RunRecord): Judgement {
  const violated = checks.filter((check) => verdictOf(check) === 'violated');
  const unjudged = checks.filter((check) => verdictOf(check) === 'unjudged');
  if (violated.length > 0) {
    return {
      kind: 'bad',
      text: `${violated.length} of ${plural(checks.length, 'check')} failed: ${violated.map(({ id, name }) => `${id} (${name})`).join(', ')}`,
    };
  }
  if (unjudged.length === checks.length) return { kind: 'unknown', text: 'Nothing was checked' };
  const judged = checks.length - unjudged.length;
  if (unjudged.length > 0) {
    return {
      kind: 'good',
      text: `All ${judged} checks that had something to judge held; ${unjudged.map(({ id }) => id).join(', ')} had nothing`,
    };
  }
  return { kind: 'good', text: checks.length === 1 ? 'The one check held' : `All ${checks.length} checks held` };
}
