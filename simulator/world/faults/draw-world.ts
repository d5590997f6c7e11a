/**
 * A small world and its faults, from a seed. Swarm testing (Groce et al., 2012): each world has some faults switched off and the rest
 * reweighed, because faults hide each other: what is always killed after a second never fills its queue.
 */
import { dspsOf } from '../../dsp/scenario.ts';
import { type SeededRandom, seededRandom } from '../../random.ts';
import type { HouseAd } from '../history.ts';
import { dspScenarioOf, type WorldScenario, worldScenario } from '../scenario.ts';
import { drawCampaigns } from './draw-campaigns.ts';
import { DRAWABLE_FAULTS, type DrawableFault, STORE_NAMES, targetsOf } from './drawn-faults.ts';
import type { WorldFault } from './world-fault.ts';

export interface DrawnWorld {
  readonly seed: number;
  /**
   * `safety`: faults from beginning to end; nothing wrong may be done. `liveness`: they stop, and all that was begun must come to
   * its end.
   */
  readonly mode: 'safety' | 'liveness';
  readonly scenario: WorldScenario;
  /** Of our own campaigns, by creative. */
  readonly houseAds: ReadonlyMap<string, HouseAd>;
  /** Those of the scenario, in its order, by their names. */
  readonly faultNames: readonly string[];
  /** All money has time to come home before the end. */
  readonly isMoneyHome: boolean;
  /** No fault is at work from then on, virtual ms; null: one may be, to the end. */
  readonly healedAtMs: number | null;
}

/** Ordinary moments, and those at which calendars are strange: ends of day and year, the hours that clocks skip or repeat. */
const STARTS: readonly string[] = [
  '2026-05-12T09:00:00Z',
  '2026-05-12T23:59:50Z',
  '2026-12-31T23:59:50Z',
  '2026-03-29T00:59:50Z',
  '2026-10-25T00:59:50Z',
  '2026-03-08T06:59:50Z',
  '2026-11-01T05:59:50Z',
];

/** Before and after faults, so that there is something to compare (check O6), in requests. */
const COMPARED_REQUESTS = 30;
/** Until DSPs that were cut off are asked as before. */
const DSPS_RETURN_SEC = 26;
/** So long money waits for the bill of an impression: not for an hour, as it usually does, for all is to be seen at its end. */
export const HELD_MS = 30_000;
/** From the last request to the end: what is reserved has been billed or has run out by then. */
const SETTLE_SEC = 100;
/** Then also what was held by engines that died, or could not say that they return it: the term of a small lease and the horizon. */
const LONG_SETTLE_SEC = 260;
const LOSES_LEASES: ReadonlySet<string> = new Set(['process-down', 'process-dies', 'process-stop', 'partition']);
/** Of worlds in which that takes so long: the others end when nothing is under way any more. */
const WAITS_FOR_LEASES = 0.4;
const NO_SETTLE_SEC = 50;
/** Whether DSPs come back is looked at in some worlds: it takes half a minute. */
const LOOKS_AT_DSPS = 0.2;
const SERVING_RETURN_SEC = 6;

export function drawWorld(seed: number): DrawnWorld {
  const random = seededRandom(seed).fork('drawn world');
  const mode = random.chance(0.5) ? 'safety' : 'liveness';
  const engines = random.pickWeighted([
    { weight: 3, count: 1 },
    { weight: 3, count: 2 },
    { weight: 1, count: 3 },
  ]).count;
  // A world is as long as its mode asks for: few requests a second are many.
  const requestsPerSec = mode === 'liveness' ? random.integer(2, 4) : random.integer(2, 8);
  const dsps = dspsOf(dspScenarioOf({ market: { dsps: 0 } }), random.integer(1, 4)).map(({ id }) => id);
  const consumers = random.integer(1, 2);
  const campaigns = random.chance(0.8) ? drawCampaigns(random.integer(1, 3), random.fork('campaigns')) : null;
  const phases = drawPhases(mode, requestsPerSec, random.fork('phases'));
  const drawn = drawFaults(
    phases,
    { engines, consumers: campaigns === null ? 0 : consumers, dsps },
    random.fork('faults'),
  );
  const isLong = drawn.some(({ fault }) => losesLeases(fault));
  const isMoneyHome = !isLong || random.chance(WAITS_FOR_LEASES);
  const settleSec = isLong ? (isMoneyHome ? LONG_SETTLE_SEC : NO_SETTLE_SEC) : SETTLE_SEC;
  const scenario = worldScenario({
    name: `seed-${seed}`,
    durationSec: phases.endSec,
    settleSec,
    intervalSec: phases.endSec,
    startAt: random.pick(STARTS),
    traffic: {
      requestsPerSec,
      shape: 'flat',
      users: random.integer(1, 500),
      timeoutMs: 1000,
      repeatedReports: random.chance(0.3) ? random.uniform(0, 0.5) : 0,
    },
    regions: [{ name: REGION, share: 1, engines }],
    ...(campaigns === null ? {} : { campaigns: campaigns.documents }),
    engine: Object.fromEntries(MEDIA.map((media) => [`campaigns.held.${media}Ms`, HELD_MS])),
    consumers,
    market: { dsps: dsps.length },
    cpuMsPerAuction: random.chance(0.3) ? random.uniform(0.2, 5) : 0,
    faults: drawn.map(({ fault }) => fault),
  });
  const healedAtMs = mode === 'liveness' ? phases.untilSec * 1000 : null;
  const houseAds = campaigns?.ads ?? new Map();
  return { seed, mode, scenario, houseAds, isMoneyHome, faultNames: drawn.map(({ name }) => name), healedAtMs };
}

const REGION = 'home';
const MEDIA = ['banner', 'video', 'native'] as const;

interface Phases {
  /** Of faults. */
  readonly fromSec: number;
  readonly untilSec: number;
  readonly endSec: number;
}

function drawPhases(mode: DrawnWorld['mode'], requestsPerSec: number, random: SeededRandom): Phases {
  const compareSec = Math.ceil(COMPARED_REQUESTS / requestsPerSec);
  if (mode === 'safety') {
    const endSec = random.integer(4, 14);
    return { fromSec: 0, untilSec: endSec, endSec };
  }
  const untilSec = compareSec + random.integer(4, 10);
  const returnSec = random.chance(LOOKS_AT_DSPS) ? DSPS_RETURN_SEC : SERVING_RETURN_SEC;
  return { fromSec: compareSec, untilSec, endSec: untilSec + returnSec + compareSec };
}

function losesLeases({ kind, target }: WorldFault): boolean {
  return LOSES_LEASES.has(kind) || ((kind === 'outage' || kind === 'slow-link') && target === 'ledger');
}

interface DrawnFault {
  readonly name: string;
  readonly fault: WorldFault & Required<Pick<WorldFault, 'forSec'>>;
}

const FAULTS_MAX = 8;
const IS_OFF = 0.5;
const LENGTH_MEAN_SEC = 4;
const LENGTH_MIN_SEC = 0.001;

function drawFaults(
  { fromSec, untilSec }: Phases,
  {
    engines,
    consumers,
    dsps,
  }: { readonly engines: number; readonly consumers: number; readonly dsps: readonly string[] },
  random: SeededRandom,
): readonly DrawnFault[] {
  const engineNames = numbered(REGION, engines);
  // Nobody needs stores and disks where nothing is billed.
  const isBilled = consumers > 0;
  const targets = {
    processes: [...engineNames, ...numbered('consumer', consumers)],
    engines: isBilled ? engineNames : [],
    dsps,
    stores: isBilled ? STORE_NAMES : [],
  };
  const possible = reweighed(random.fork('kinds')).filter(({ drawable }) => targetsOf(drawable, targets).length > 0);
  const count = possible.length === 0 ? 0 : random.integer(0, FAULTS_MAX);
  const faults: DrawnFault[] = [];
  for (let turn = 0; turn < count; turn++) {
    const { drawable } = random.pickWeighted(possible);
    const target = random.pick(targetsOf(drawable, targets));
    const startSec = random.uniform(fromSec, untilSec - LENGTH_MIN_SEC);
    const lengthSec = Math.max(LENGTH_MIN_SEC, Math.min(untilSec - startSec, random.exponential(LENGTH_MEAN_SEC)));
    const fault = { kind: drawable.kind, target, fromSec: startSec, forSec: lengthSec, ...drawable.draw(random) };
    if (!faults.some((other) => strikeTogether(other.fault, fault))) faults.push({ name: drawable.name, fault });
  }
  return faults.sort((one, other) => one.fault.fromSec - other.fault.fromSec);
}

function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${name}-${index + 1}`);
}

function reweighed(random: SeededRandom): { readonly drawable: DrawableFault; readonly weight: number }[] {
  return DRAWABLE_FAULTS.flatMap((drawable) => {
    const own = random.fork(drawable.name);
    return own.chance(IS_OFF) ? [] : [{ drawable, weight: drawable.weight * own.exponential(1) }];
  });
}

/** Where two of one kind strike the same target at a time, the end of the first would end both. */
function strikeTogether(one: DrawnFault['fault'], other: DrawnFault['fault']): boolean {
  if (one.kind !== other.kind || one.target !== other.target) return false;
  return one.fromSec < other.fromSec + other.forSec && other.fromSec < one.fromSec + one.forSec;
}
