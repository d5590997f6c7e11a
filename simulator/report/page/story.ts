/** What happened in a run, in sentences, out of nothing but its record. */
import type { FaultSpan, IntervalFigures, RunRecord, StateSpan } from '../../world/run-record.ts';
import { verdictOf } from './check-section.ts';
import { joined } from './fault-bands.ts';
import { condition, period } from './fault-words.ts';
import { shortText } from './markup.ts';
import { count, DAY_MS, HOUR_MS, lengthOfTime, MINUTE_MS, percent, plural, times } from './quantities.ts';
import { shedCount, sum } from './run-view.ts';
import { type VirtualClock, virtualClock } from './virtual-clock.ts';

export interface Story {
  /** The whole of it in one line. */
  readonly headline: string;
  /** What followed, a sentence each. */
  readonly sentences: readonly string[];
  readonly judgement: Judgement;
}

/** What the checks came to. */
export interface Judgement {
  readonly kind: 'good' | 'bad' | 'unknown';
  readonly text: string;
}

/** Faults that are told one by one. */
const TOLD_MAX = 2;

export function storyOf(record: RunRecord): Story {
  const clock = virtualClock(record.startedAtMs, record.durationMs);
  return {
    headline: `${lengthInWords(record.durationMs)} of ${plural(record.totals.requests, 'request')}${faultsInWords(record.faults, clock)}`,
    sentences: [
      ...breakerReactions(record, clock),
      ...downTimes(record, clock),
      ...revenueUnderFaults(record),
      ...trafficLosses(record),
      ...fallbackUse(record),
    ],
    judgement: judgementOf(record),
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
  return WHOLE[ms] ?? lengthOfTime(ms).replace(/ h$/, ' hours').replace(/ min$/, ' minutes').replace(/ s$/, ' seconds');
}

function faultsInWords(faults: readonly FaultSpan[], clock: VirtualClock): string {
  if (faults.length === 0) return ', without a fault';
  const told = faults.slice(0, TOLD_MAX).map((fault) => `${shortCondition(fault)} ${period(fault, clock)}`);
  const more = faults.length - told.length;
  return `, with ${told.join(more > 0 ? ', ' : ' and ')}${more > 0 ? `, and ${plural(more, 'more fault')}` : ''}`;
}

/** Of an id in a sentence. */
const ID_LENGTH_MAX = 48;

function shortCondition({ kind, target }: FaultSpan): string {
  return condition({ kind: shortText(kind, ID_LENGTH_MAX), target: shortText(target, ID_LENGTH_MAX) });
}

/** How soon the breakers of the first DSPs with faults opened, and whether they closed. */
function breakerReactions({ faults, states }: RunRecord, clock: VirtualClock): string[] {
  const breakers = states.filter(({ kind }) => kind === 'breaker');
  const sentences: string[] = [];
  for (const fault of faults) {
    const opening = firstOpening(fault, breakers);
    if (opening === null) continue;
    const after = lengthOfTime(opening.fromMs - fault.fromMs);
    sentences.push(
      `The breaker of ${shortText(fault.target, ID_LENGTH_MAX)} opened ${after} after the fault began${closing(fault, breakers, clock)}.`,
    );
    if (sentences.length === TOLD_MAX) return sentences;
  }
  const openings = breakers.filter(({ state }) => state === 'open');
  if (openings.length > 0 && sentences.length === 0) sentences.push(`Breakers opened ${times(openings.length)}.`);
  return sentences;
}

function firstOpening(fault: FaultSpan, breakers: readonly StateSpan[]): StateSpan | null {
  let first: StateSpan | null = null;
  for (const span of breakers) {
    const isMeant = span.state === 'open' && isOf(span, fault.target);
    if (!isMeant || span.fromMs < fault.fromMs || span.fromMs > fault.untilMs) continue;
    if (first === null || span.fromMs < first.fromMs) first = span;
  }
  return first;
}

/** Of this DSP; with several engines each has a breaker of its own: `dsp-3 at eu-1`. */
function isOf({ subject }: Pick<StateSpan, 'subject'>, dspId: string): boolean {
  return subject === dspId || subject.startsWith(`${dspId} at `);
}

/** After the fault, when the breaker was last anything but closed. */
function closing({ target, fromMs }: FaultSpan, breakers: readonly StateSpan[], clock: VirtualClock): string {
  let closedMs = fromMs;
  for (const { subject, untilMs } of breakers) if (isOf({ subject }, target)) closedMs = Math.max(closedMs, untilMs);
  return closedMs >= clock.spanMs
    ? ' and was not closed again by the end'
    : ` and was closed for good at ${clock.at(closedMs)}`;
}

function downTimes({ states }: RunRecord, clock: VirtualClock): string[] {
  const down = states.filter(
    ({ kind, state, fromMs }) => kind === 'process' && state === 'down' && fromMs < clock.spanMs,
  );
  if (down.length === 0) return [];
  const downMs = sum(down.map(({ fromMs, untilMs }) => Math.min(untilMs, clock.spanMs) - fromMs));
  return [`A process was down ${times(down.length)}, ${lengthOfTime(downMs)} in all.`];
}

/** Differences smaller than this are none. */
const NOTICED = 0.005;

/**
 * Per request, so that the hours of the day are no effect. Only of intervals that a fault fills for the most part; what caused
 * the difference is for the reader to judge.
 */
function revenueUnderFaults(record: RunRecord): string[] {
  const { faults, intervals } = record;
  const underAny = coveredShares(record, faults);
  const healthy = revenuePerRequest(intervals.filter((_, at) => underAny[at] === 0));
  if (healthy === null || healthy === 0) return [];
  const groups: readonly (readonly [string, readonly number[]])[] =
    faults.length <= TOLD_MAX
      ? faults.map((fault) => [`With ${shortCondition(fault)}`, coveredShares(record, [fault])])
      : [['While faults lasted', underAny]];
  return groups.flatMap(([when, shares]) => {
    const sick = revenuePerRequest(intervals.filter((_, at) => shares[at]! >= 0.5));
    return sick === null ? [] : [`${when}, revenue per request was ${changeInWords(sick / healthy - 1)}.`];
  });
}

/** Of each interval, the share of its time that there was any of these faults. */
function coveredShares({ intervals, durationMs }: RunRecord, faults: readonly FaultSpan[]): number[] {
  const spans = joined(faults, 0);
  let first = 0;
  return intervals.map(({ fromMs }, at) => {
    const endMs = intervals[at + 1]?.fromMs ?? durationMs;
    while (first < spans.length && spans[first]![1] <= fromMs) first++;
    let coveredMs = 0;
    for (let index = first; index < spans.length && spans[index]![0] < endMs; index++) {
      coveredMs += Math.min(endMs, spans[index]![1]) - Math.max(fromMs, spans[index]![0]);
    }
    return coveredMs / (endMs - fromMs);
  });
}

function changeInWords(change: number): string {
  if (Math.abs(change) < NOTICED) return 'as without faults';
  return `${percent(Math.abs(change))} ${change < 0 ? 'lower' : 'higher'} than without faults`;
}

/** Null: there were none. */
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
  return [`Of the requests, ${losses.join(' and ')}.`];
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
  if (unjudged.length === 0) {
    return { kind: 'good', text: checks.length === 1 ? 'The one check held' : `All ${checks.length} checks held` };
  }
  return {
    kind: 'good',
    text: `${plural(checks.length - unjudged.length, 'check')} held; ${unjudged.map(({ id }) => id).join(', ')} had nothing to judge`,
  };
}
