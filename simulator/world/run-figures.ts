/** Makes the figures of a run's record from what is seen of its world, and from what engines show of themselves. */
import type { DspTransportResult } from '../../engine/ports/dsp-transport.ts';
import { LatencyHistogram } from '../traffic/latency-histogram.ts';
import { EngineReadings, zoneOf } from './engine-readings.ts';
import type { Observation } from './history.ts';
import { count, IntervalTally, percentilesOf, sortedCounts } from './interval-tally.ts';
import type { DspFigures, FaultSpan, IntervalFigures, RegionFigures, RunRecord, StateSpan } from './run-record.ts';
import { SpanKeeper } from './span-keeper.ts';
import type { World } from './world.ts';
import type { WorldWatch } from './world-watch.ts';

const OVERLOADED = 429;
/** A price per mille is so many nanos for each of the thousand. */
const NANOS_PER_CPM = 1_000_000;

interface DspTally {
  calls: number;
  readonly results: Map<string, number>;
  wins: number;
  spendNanos: number;
  valueNanos: number;
  readonly latency: LatencyHistogram;
}

interface RegionTally {
  readonly requests: number[];
  readonly shed: number[];
  readonly utilisation: number[];
  readonly machines: number[];
  requestsNow: number;
  shedNow: number;
  cpuMsBefore: number;
}

type RunFigureParts = Pick<RunRecord, 'intervalMs' | 'intervals' | 'totals' | 'dsps' | 'regions' | 'faults' | 'states'>;

export class RunFigures implements Partial<WorldWatch> {
  readonly #intervalMs: number;
  readonly #total = new IntervalTally(0);
  readonly #intervals: IntervalFigures[] = [];
  readonly #dsps = new Map<string, DspTally>();
  readonly #regions = new Map<string, RegionTally>();
  readonly #regionOf = new Map<string, RegionTally>();
  readonly #faults = new SpanKeeper();
  readonly #states = new SpanKeeper();
  readonly #readings = new EngineReadings();
  #current = new IntervalTally(0);
  #world: World | null = null;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** What nothing happens to has its figures, too. */
  begin(world: World): void {
    this.#world = world;
    for (const id of world.dsps.keys()) this.#dsps.set(id, emptyDsp());
    for (const { name, engines } of world.regions) {
      const region = emptyRegion();
      this.#regions.set(name, region);
      for (const engine of engines) this.#regionOf.set(engine.name, region);
    }
  }

  readonly observe: WorldWatch['observe'] = (seen: Observation): void => {
    switch (seen.kind) {
      case 'request-sent':
        this.#both((tally) => tally.requests++);
        this.#regionOf.get(seen.process)!.requestsNow++;
        return;
      case 'request-lost':
      case 'request-cancelled':
        this.#both((tally) => tally.unanswered++);
        return;
      case 'call-sent':
        this.#both((tally) => tally.dspCalls++);
        this.#dsps.get(seen.dspId)!.calls++;
        return;
      case 'fault-began':
        this.#faults.begin(seen.fault, seen.target, '', seen.atMs);
        return;
      case 'fault-ended':
        this.#faults.end(seen.fault, seen.target, '', seen.atMs);
        return;
      case 'process-ended':
        this.#states.become('process', seen.process, 'down', seen.atMs);
        return;
      case 'process-started':
        this.#states.become('process', seen.process, null, seen.atMs);
        return;
      case 'failover':
        this.#states.become('failover', seen.subject, seen.state, seen.atMs);
        return;
      default:
    }
  };

  readonly onCallResult: WorldWatch['onCallResult'] = (dspId, result) => {
    const dsp = this.#dsps.get(dspId)!;
    count(dsp.results, resultName(result));
    if (result.kind !== 'not-sent') dsp.latency.record(result.latencyMs);
  };

  readonly onAnswer: WorldWatch['onAnswer'] = (region, { status, body, latencyMs }) => {
    if (status === OVERLOADED) {
      this.#regions.get(region)!.shedNow++;
      return;
    }
    const isFilled = body?.seatbid?.some(({ bid }) => bid.length > 0) === true;
    this.#both((tally) => {
      tally.answered++;
      tally.latency.record(latencyMs);
      if (isFilled) tally.filled++;
    });
  };

  readonly onSale: WorldWatch['onSale'] = (buyer, priceCpm) => {
    const nanos = Math.round(priceCpm * NANOS_PER_CPM);
    this.#both((tally) => {
      tally.revenueNanos += nanos;
    });
    const dsp = this.#dsps.get(buyer);
    if (dsp === undefined) return;
    dsp.wins++;
    dsp.spendNanos += nanos;
  };

  readonly onImpression: WorldWatch['onImpression'] = (buyer, valueNanos) => {
    this.#both((tally) => {
      tally.impressions++;
      tally.advertiserValueNanos += valueNanos;
    });
    const dsp = this.#dsps.get(buyer);
    if (dsp !== undefined) dsp.valueNanos += valueNanos;
  };

  readonly onClick = (): void => this.#both((tally) => tally.clicks++);

  /** Sent since the beginning. */
  get requests(): number {
    return this.#total.requests;
  }

  /** The states that engines are in now, by what they show. */
  async sampleStates(): Promise<void> {
    const { engines, loop } = this.#world!;
    for (const engine of engines) {
      for (const { id, breaker } of engine.gavel?.dsps() ?? []) {
        const subject = engines.length === 1 ? id : `${id} at ${engine.name}`;
        this.#states.become('breaker', subject, breaker === 'closed' ? null : breaker, loop.nowMs);
      }
      const zone = await zoneOf(engine);
      this.#states.become('shedding', engine.name, zone === 'open' ? null : zone, loop.nowMs);
    }
  }

  /** An interval is over: what engines show of themselves belongs to it. Not while the world runs. */
  async endInterval(): Promise<void> {
    const { loop, regions, engines } = this.#world!;
    const lengthMs = loop.nowMs - this.#current.fromMs;
    for (const { name, engines: ofRegion } of regions) {
      const cpuMs = ofRegion.reduce((sum, { process }) => sum + process.cpuMs, 0);
      const machines = ofRegion.filter(({ isListening }) => isListening).length;
      const inService = ofRegion.filter(({ isStandby }) => !isStandby).length;
      const usedMs = endRegion(this.#regions.get(name)!, { cpuMs, machines, lengthMs, engines: inService });
      this.#both((tally) => {
        tally.cpuMs += usedMs;
      });
    }
    for (const engine of engines) {
      const { shed, fallbacks } = await this.#readings.since(engine);
      this.#both((tally) => {
        tally.fallbacks += fallbacks;
        for (const [cause, refused] of shed) count(tally.shed, cause, refused);
      });
    }
    this.#intervals.push(this.#current.figures());
    this.#current = new IntervalTally(loop.nowMs);
  }

  record(untilMs: number): RunFigureParts {
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
  return { calls: 0, results: new Map(), wins: 0, spendNanos: 0, valueNanos: 0, latency: new LatencyHistogram() };
}

function dspFigures(id: string, { latency, results, ...counts }: DspTally): DspFigures {
  return { id, ...counts, results: sortedCounts(results), latencyMs: percentilesOf(latency) };
}

function emptyRegion(): RegionTally {
  const series = { requests: [], shed: [], utilisation: [], machines: [] };
  return { ...series, requestsNow: 0, shedNow: 0, cpuMsBefore: 0 };
}

/** Returns the processor time that was used in the interval, ms. */
function endRegion(
  region: RegionTally,
  now: { readonly cpuMs: number; readonly machines: number; readonly lengthMs: number; readonly engines: number },
): number {
  const usedMs = now.cpuMs - region.cpuMsBefore;
  region.cpuMsBefore = now.cpuMs;
  region.requests.push(region.requestsNow);
  region.shed.push(region.shedNow);
  region.utilisation.push(now.lengthMs === 0 ? 0 : usedMs / (now.lengthMs * now.engines));
  region.machines.push(now.machines);
  region.requestsNow = 0;
  region.shedNow = 0;
  return usedMs;
}

function regionFigures(name: string, { requests, shed, utilisation, machines }: RegionTally): RegionFigures {
  return { name, requests, shed, utilisation, machines };
}

function resultName(result: DspTransportResult): string {
  if (result.kind !== 'answered') return result.kind;
  if (result.status === 204) return 'no-bid';
  return result.status === 200 ? 'answer' : 'http-error';
}
