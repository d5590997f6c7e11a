/**
 * A small world and its faults, from a seed. Swarm testing (Groce et al., 2012): each world has some kinds of faults switched off and
 * the rest reweighed, because faults hide each other: what is always killed after a second never fills its queue.
 */
import type { SeededRandom } from '../../random.ts';
import { seededRandom } from '../../random.ts';
import { FAULT_CATALOGUE, targetsOf } from './catalogue.ts';
import { FAULT_KINDS, type FaultKind, type FaultSpec } from './fault.ts';
import { STORE_NAMES } from './world-under-faults.ts';

export interface DrawnWorld {
  readonly seed: number;
  /**
   * `safety`: faults from beginning to end; nothing wrong may be done. `liveness`: they stop, and all that was begun must come to
   * its end.
   */
  readonly mode: 'safety' | 'liveness';
  /** Of traffic, virtual. */
  readonly durationSec: number;
  /** Wall clock at the start, RFC 3339. */
  readonly startAt: string;
  readonly requestsPerSec: number;
  readonly users: number;
  readonly engines: number;
  /** Of Kafka; 0: there is none, and each engine bills what is in its own log. */
  readonly consumers: number;
  readonly cpuMsPerAuction: number;
  readonly dsps: readonly DrawnDsp[];
  readonly campaigns: readonly DrawnCampaign[];
  readonly faults: readonly FaultSpec[];
}

export interface DrawnDsp {
  readonly id: string;
  readonly medianMs: number;
  readonly bidRate: number;
  readonly medianCpm: number;
}

export interface DrawnCampaign {
  readonly id: string;
  /** Whole micros per mille, so as many nanos an impression. */
  readonly bidCpmMicros: number;
  /** Impressions that the budget pays for at that price. */
  readonly impressions: number;
  /** Of the budget; null: none by day. */
  readonly dailyShare: number | null;
  readonly timeZone: string;
}

/** Ordinary moments, and those at which calendars are strange: ends of day and year, the hours that clocks skip or repeat. */
const STARTS: readonly string[] = [
  '2026-05-12T09:00:00Z',
  '2026-05-12T23:59:30Z',
  '2026-12-31T23:59:40Z',
  '2026-03-29T00:59:30Z',
  '2026-10-25T00:59:30Z',
  '2026-03-08T06:59:30Z',
  '2026-11-01T05:59:30Z',
];
const TIME_ZONES: readonly string[] = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu'];

/** Before and after faults, so that there is something to compare (check O6), in requests. */
const COMPARED_REQUESTS = 60;
/** Until DSPs that were cut off are asked as before. */
const DSPS_RETURN_SEC = 26;

export function drawWorld(seed: number): DrawnWorld {
  const random = seededRandom(seed).fork('world');
  const mode = random.chance(0.5) ? 'safety' : 'liveness';
  const engines = random.pickWeighted([
    { weight: 3, count: 1 },
    { weight: 3, count: 2 },
    { weight: 1, count: 3 },
  ]).count;
  const consumers = random.chance(0.5) ? random.integer(1, 2) : 0;
  const requestsPerSec = random.integer(3, 12);
  const dsps = Array.from({ length: random.integer(1, 4) }, (_, index) => drawDsp(index, random));
  const phases = drawPhases(mode, requestsPerSec, random.fork('phases'));
  return {
    seed,
    mode,
    durationSec: phases.endSec,
    startAt: random.pick(STARTS),
    requestsPerSec,
    users: random.integer(1, 500),
    engines,
    consumers,
    cpuMsPerAuction: random.chance(0.3) ? random.uniform(0.2, 5) : 0,
    dsps,
    campaigns: Array.from({ length: random.integer(0, 3) }, (_, index) => drawCampaign(index, random)),
    faults: drawFaults(phases, { engines, consumers, dsps }, random.fork('faults')),
  };
}

export function engineName(index: number): string {
  return `engine-${index + 1}`;
}

export function consumerName(index: number): string {
  return `consumer-${index + 1}`;
}

interface Phases {
  /** Of faults. */
  readonly fromSec: number;
  readonly untilSec: number;
  readonly endSec: number;
}

function drawPhases(mode: DrawnWorld['mode'], requestsPerSec: number, random: SeededRandom): Phases {
  const compareSec = Math.ceil(COMPARED_REQUESTS / requestsPerSec);
  if (mode === 'safety') {
    const endSec = random.integer(10, 40);
    return { fromSec: 0, untilSec: endSec, endSec };
  }
  const untilSec = compareSec + random.integer(5, 20);
  return { fromSec: compareSec, untilSec, endSec: untilSec + DSPS_RETURN_SEC + compareSec };
}

function drawDsp(index: number, random: SeededRandom): DrawnDsp {
  return {
    id: `dsp-${index + 1}`,
    medianMs: random.uniform(2, 25),
    bidRate: random.uniform(0.2, 1),
    medianCpm: random.uniform(0.5, 4),
  };
}

function drawCampaign(index: number, random: SeededRandom): DrawnCampaign {
  return {
    id: `c${index + 1}`,
    bidCpmMicros: random.integer(500_000, 8_000_000),
    // Some are at their end within the run: the last nano is where mistakes are.
    impressions: random.chance(0.5) ? random.integer(5, 60) : random.integer(1000, 10_000),
    dailyShare: random.chance(0.3) ? random.uniform(0.1, 0.6) : null,
    timeZone: random.pick(TIME_ZONES),
  };
}

/** At most; long worlds would otherwise never see an hour without one. */
const FAULTS_MAX = 8;
const KIND_OFF = 0.5;

function drawFaults(
  { fromSec, untilSec }: Phases,
  world: Pick<DrawnWorld, 'engines' | 'consumers' | 'dsps'>,
  random: SeededRandom,
): readonly FaultSpec[] {
  const targets = {
    engines: Array.from({ length: world.engines }, (_, index) => engineName(index)),
    consumers: Array.from({ length: world.consumers }, (_, index) => consumerName(index)),
    dsps: world.dsps.map(({ id }) => id),
    stores: STORE_NAMES.filter((name) => name !== 'kafka' || world.consumers > 0),
  };
  const kinds = drawKinds(world.consumers > 0, random.fork('kinds'));
  const count = kinds.length === 0 ? 0 : random.integer(0, FAULTS_MAX);
  const faults: FaultSpec[] = [];
  for (let drawn = 0; drawn < count; drawn++) {
    const { kind } = random.pickWeighted(kinds);
    const target = random.pick(targetsOf(kind, targets));
    const startSec = random.uniform(fromSec, untilSec);
    const forSec = Math.min(untilSec - startSec, random.exponential(4));
    const { by } = FAULT_CATALOGUE[kind];
    const fault = { kind, target, fromSec: rounded(startSec), forSec: rounded(forSec) };
    const drawnFault = by === null ? fault : { ...fault, by: rounded(random.uniform(by.least, by.most)) };
    if (!faults.some((other) => isSameAtATime(other, drawnFault))) faults.push(drawnFault);
  }
  return faults.sort((one, other) => one.fromSec - other.fromSec);
}

function drawKinds(hasKafka: boolean, random: SeededRandom): { readonly kind: FaultKind; readonly weight: number }[] {
  return FAULT_KINDS.flatMap((kind) => {
    const own = random.fork(kind);
    if (own.chance(KIND_OFF) || (!hasKafka && FAULT_CATALOGUE[kind].strikes === 'kafka')) return [];
    return [{ kind, weight: FAULT_CATALOGUE[kind].weight * own.exponential(1) }];
  });
}

/** Their ends would end each other. */
function isSameAtATime(one: FaultSpec, other: FaultSpec): boolean {
  const isSameThing = FAULT_CATALOGUE[one.kind].strikes === FAULT_CATALOGUE[other.kind].strikes;
  if (!isSameThing || one.target !== other.target) return false;
  return one.fromSec < other.fromSec + other.forSec && other.fromSec < one.fromSec + one.forSec;
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6;
}
