/** Makes the record of a run from what is seen of its world, and from what engines show of themselves at each interval. */
import type { DspTransportResult } from '../../engine/ports/dsp-transport.ts';
import { LatencyHistogram } from '../traffic/latency-histogram.ts';
import type { Observation } from './history.ts';
import { count, IntervalTally, percentilesOf, sortedCounts } from './interval-tally.ts';
import type { DspFigures, FaultSpan, IntervalFigures, RegionFigures, StateSpan } from './run-record.ts';
import { SpanKeeper } from './span-keeper.ts';
import type { World } from './world.ts';
import type { WatchedAnswer, WorldWatch } from './world-watch.ts';

const OVERLOADED = 429;
/** A price per mille is so many nanos for each of the thousand. */
const NANOS_PER_CPM = 1_000_000;

interface DspTally {
  calls: number;
  readonly results: Map<string, number>;
  wins: number;
  spendNanos: number;
  readonly latency: LatencyHistogram;
}

interface RegionTally {
  readonly requests: number[];
  readonly shed: number[];
  readonly utilisation: number[];
  readonly machines: number[];
  cpuMsBefore: number;
}

export class RunFigures implements Partial<WorldWatch> {
  readonly #intervalMs: number;
  readonly #total = new IntervalTally(0);
  readonly #intervals: IntervalFigures[] = [];
  readonly #dsps = new Map<string, DspTally>();
  readonly #regions = new Map<string, RegionTally>();
  readonly #faults = new SpanKeeper();
  readonly #states = new SpanKeeper();
  readonly #regionOf = new Map<string, string>();
  #current = new IntervalTally(0);
  #requestsByRegion = new Map<string, number>();
  #shedByRegion = new Map<string, number>();

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** Names what there is, so that also what nothing happens to has its figures. */
  begin(world: World): void {
    for (const id of world.dsps.keys()) this.#dsps.set(id, emptyDsp());
    for (const { name, engines } of world.regions) {
      this.#regions.set(name, { requests: [], shed: [], utilisation: [], machines: [], cpuMsBefore: 0 });
      for (const engine of engines) this.#regionOf.set(engine.name, name);
    }
  }

  readonly observe: WorldWatch['observe'] = (observation: Observation): void => {
    switch (observation.kind) {
      case 'request-sent':
        this.#both((tally) => tally.requests++);
        count(this.#requestsByRegion, this.#regionOf.get(observation.process)!);
        return;
      case 'request-lost':
      case 'request-cancelled':
        this.#both((tally) => tally.unanswered++);
        return;
      case 'call-sent':
        this.#both((tally) => tally.dspCalls++);
        this.#dsps.get(observation.dspId)!.calls++;
        return;
      case 'fault-began':
        this.#faults.begin(observation.fault, observation.target, observation.fault, observation.atMs);
        return;
      case 'fault-ended':
        this.#faults.end(observation.fault, observation.target, observation.fault, observation.atMs);
        return;
      case 'process-ended':
        this.#states.begin('process', observation.process, 'down', observation.atMs);
        return;
      case 'process-started':
        this.#states.end('process', observation.process, 'down', observation.atMs);
        return;
      default:
    }
  };

  readonly onCallResult: WorldWatch['onCallResult'] = (dspId, result) => {
    const dsp = this.#dsps.get(dspId)!;
    count(dsp.results, resultName(result));
    if (result.kind !== 'not-sent') dsp.latency.record(result.latencyMs);
  };

  readonly onAnswer: WorldWatch['onAnswer'] = (region, answer) => {
    if (answer.status === OVERLOADED) {
      this.#both((tally) => count(tally.shed, 'overloaded'));
      count(this.#shedByRegion, region);
      return;
    }
    const revenueNanos = revenueOf(answer);
    this.#both((tally) => {
      tally.answered++;
      tally.latency.record(answer.latencyMs);
      if (revenueNanos === null) return;
      tally.filled++;
      tally.revenueNanos += revenueNanos;
    });
  };

  readonly onImpression: WorldWatch['onImpression'] = (valueNanos) => {
    this.#both((tally) => {
      tally.impressions++;
      tally.advertiserValueNanos += valueNanos;
    });
  };

  readonly onClick = (): void => this.#both((tally) => tally.clicks++);

  /** An ad of this DSP was sold. */
  sold(dspId: string, spendNanos: number): void {
    const dsp = this.#dsps.get(dspId);
    if (dsp === undefined) return;
    dsp.wins++;
    dsp.spendNanos += spendNanos;
  }

  /** An interval is over: what engines show of themselves belongs to it. */
  endInterval(world: World): void {
    const { nowMs } = world.loop;
    const lengthMs = nowMs - this.#current.fromMs;
    for (const { name, engines } of world.regions) {
      const region = this.#regions.get(name)!;
      const cpuMs = engines.reduce((sum, { process }) => sum + process.cpuMs, 0);
      const usedMs = cpuMs - region.cpuMsBefore;
      region.cpuMsBefore = cpuMs;
      region.requests.push(this.#requestsByRegion.get(name) ?? 0);
      region.shed.push(this.#shedByRegion.get(name) ?? 0);
      region.utilisation.push(lengthMs === 0 ? 0 : usedMs / (lengthMs * engines.length));
      region.machines.push(engines.filter(({ isListening }) => isListening).length);
      this.#both((tally) => {
        tally.cpuMs += usedMs;
      });
    }
    this.#intervals.push(this.#current.figures());
    this.#current = new IntervalTally(nowMs);
    this.#requestsByRegion = new Map();
    this.#shedByRegion = new Map();
  }

  /** States of breakers as the engines show them now. */
  lookAtBreakers(world: World): void {
    const { nowMs } = world.loop;
    for (const engine of world.engines) {
      for (const { id, breaker } of engine.gavel?.dsps() ?? []) {
        const subject = world.engines.length === 1 ? id : `${id} at ${engine.name}`;
        this.#states.become('breaker', subject, breaker === 'closed' ? null : breaker, nowMs);
      }
    }
  }

  /** Sent since the beginning. */
  get requests(): number {
    return this.#total.requests;
  }

  record(untilMs: number) {
    return {
      intervalMs: this.#intervalMs,
      intervals: this.#intervals,
      totals: this.#total.figures(),
      dsps: [...this.#dsps].map(([id, dsp]) => dspFigures(id, dsp)),
      regions: [...this.#regions].map(([name, region]) => regionFigures(name, region)),
      faults: this.#faults
        .spans(untilMs)
        .map(
          ({ kind, subject, fromMs, untilMs: endMs }): FaultSpan => ({ kind, target: subject, fromMs, untilMs: endMs }),
        ),
      states: this.#states.spans(untilMs) as StateSpan[],
    };
  }

  #both(change: (tally: IntervalTally) => void): void {
    change(this.#current);
    change(this.#total);
  }
}

function emptyDsp(): DspTally {
  return { calls: 0, results: new Map(), wins: 0, spendNanos: 0, latency: new LatencyHistogram() };
}

function dspFigures(id: string, { calls, results, wins, spendNanos, latency }: DspTally): DspFigures {
  const latencyMs = percentilesOf(latency);
  return { id, calls, results: sortedCounts(results), wins, spendNanos, valueNanos: 0, latencyMs };
}

function regionFigures(name: string, { requests, shed, utilisation, machines }: RegionTally): RegionFigures {
  return { name, requests, shed, utilisation, machines };
}

function resultName(result: DspTransportResult): string {
  if (result.kind !== 'answered') return result.kind;
  if (result.status === 204) return 'no-bid';
  return result.status === 200 ? 'answer' : 'http-error';
}

/** Null: nothing was sold. */
function revenueOf({ body }: WatchedAnswer): number | null {
  let nanos: number | null = null;
  for (const { bid } of body?.seatbid ?? []) {
    for (const { price } of bid) nanos = (nanos ?? 0) + Math.round(price * NANOS_PER_CPM);
  }
  return nanos;
}
