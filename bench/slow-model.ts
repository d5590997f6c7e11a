/**
 * What a model server that becomes ten times as slow, or hangs, costs the auctions whose bids by click it estimates.
 * Traffic keeps asking for what no cache knows, else nobody would notice.
 */

import { join } from 'node:path';
import { readEvents } from '../adapters/event-log/reader.ts';
import { FEATURE_COUNT } from '../engine/estimation/features/schema.ts';
import { readEvent } from '../engine/events/read-event.ts';
import { seededRandom } from '../simulator/random.ts';
import { type OpenLoopResult, runOpenLoop } from '../simulator/traffic/open-loop.ts';
import { runClosedLoop } from './closed-loop.ts';
import { type BenchContext, type Measurement, median, percentile } from './measurement.ts';
import { type Child, startChild } from './processes/child.ts';
import type { StubModelHandlers } from './processes/stub-model.ts';
import { bodiesOf, CONCURRENCY, type Rig, startRig } from './rig.ts';
import { Zipf } from './zipf.ts';

const DSP_COUNT = 10;
const FIRST_ANSWER_MS = 4;
const LAST_ANSWER_MS = 12;
const RATE_PER_SEC = 60;
/** Within the default budget of an estimate, 20 ms, with the 5 ms that rows are gathered. */
const MODEL = { medianMs: 3, p99Ms: 9 };
const SLOWNESS = 10;
/** The model may be waited for so long after it has fallen ill; what that costs is reported by itself. */
const NOTICED_AFTER_SEC = 2;
/** Estimates of different placements do not stand in for each other: about half of the auctions find a new one. */
const PLACEMENTS = 100_000;

const ILLNESSES = ['slow', 'hang'] as const;
type Illness = (typeof ILLNESSES)[number];

export const SLOW_MODEL_NAMES: readonly string[] = ILLNESSES.map((illness) => `estimate.${illness}_p99_shift_ms`);

/** p99 of auctions, ms. */
interface Incident {
  readonly wellP99Ms: number;
  readonly firstP99Ms: number;
  readonly knownP99Ms: number;
}

export async function measureSlowModel(context: BenchContext): Promise<Measurement[]> {
  const { seed, scale } = context;
  const model = startChild<StubModelHandlers>('stub-model');
  try {
    const modelUrl = await model.ask('start', { seed, featureCount: FEATURE_COUNT, ...MODEL });
    const rig = await startSlowModelRig(modelUrl, seed);
    try {
      const traffic = new Traffic(rig, seed);
      const { url } = rig;
      await runClosedLoop({ url, concurrency: CONCURRENCY, seconds: scale.seconds, body: bodiesOf('warm-up') });
      await traffic.run('settling', scale.seconds);
      const measurements: Measurement[] = [];
      for (const illness of ILLNESSES) measurements.push(...(await measureIllness(illness, traffic, model, context)));
      await rig.stopEngine();
      return [...measurements, ...(await measureWaits(join(rig.dataDirectory, 'events')))];
    } finally {
      await rig.close();
    }
  } finally {
    await model.close();
  }
}

function startSlowModelRig(modelUrl: string, seed: number): Promise<Rig> {
  const stepMs = (LAST_ANSWER_MS - FIRST_ANSWER_MS) / DSP_COUNT;
  return startRig({
    dspCount: DSP_COUNT,
    seed,
    delayMs: (index) => FIRST_ANSWER_MS + index * stepMs,
    pricing: 'cpc',
    overrides: {
      'estimation.model.source': 'remote',
      'estimation.model.remote.url': modelUrl,
    },
  });
}

/** Well and ill take turns, so that a machine that is slower for a while is slower for both. */
async function measureIllness(
  illness: Illness,
  traffic: Traffic,
  model: Child<StubModelHandlers>,
  context: BenchContext,
): Promise<Measurement[]> {
  const incidents: Incident[] = [];
  for (let round = 0; round < context.scale.rounds; round++) {
    incidents.push(await measureIncident(illness, traffic, model, context));
  }
  context.progress(`  ${illness}: ${incidents.map(described).join('; ')}`);
  return shiftsOf(illness, incidents);
}

async function measureIncident(
  illness: Illness,
  traffic: Traffic,
  model: Child<StubModelHandlers>,
  { scale, progress }: BenchContext,
): Promise<Incident> {
  await model.ask('takeCounts');
  const well = await traffic.run('well', scale.seconds);
  const { rows } = await model.ask('takeCounts');
  progress(`  well: ${(rows / well.answered).toFixed(1)} estimates asked of the model per auction`);
  await (illness === 'slow' ? model.ask('setSlowness', SLOWNESS) : model.ask('hang'));
  const first = await traffic.run(`${illness}-first`, NOTICED_AFTER_SEC);
  const known = await traffic.run(illness, scale.seconds);
  await model.ask('setSlowness', 1);
  // Until it is waited for again: it is asked meanwhile, so that is noticed.
  await traffic.run('recovery', NOTICED_AFTER_SEC);
  return { wellP99Ms: well.latency.p99Ms, firstP99Ms: first.latency.p99Ms, knownP99Ms: known.latency.p99Ms };
}

function shiftsOf(illness: Illness, incidents: readonly Incident[]): Measurement[] {
  const shift = (of: (incident: Incident) => number): number =>
    median(incidents.map((incident) => of(incident) - incident.wellP99Ms));
  return [
    { name: `estimate.${illness}_p99_shift_ms`, value: shift(({ knownP99Ms }) => knownP99Ms), unit: 'ms' },
    { name: `estimate.${illness}_first_2s_p99_shift_ms`, value: shift(({ firstP99Ms }) => firstP99Ms), unit: 'ms' },
  ];
}

/**
 * What auctions waited after the last reply, which is for estimates alone: from the event log, and so without what a busy
 * machine does to everything else.
 */
async function measureWaits(folder: string): Promise<Measurement[]> {
  const waitsMs = new Map<string, number[]>(['well', ...ILLNESSES].map((phase) => [phase, []]));
  for await (const { payload } of readEvents(folder)) {
    const event = readEvent(payload);
    if (event.type !== 'auction') continue;
    const { requestId, timings, dsps } = event;
    const lastReplyMs = Math.max(...dsps.map(({ latencyMs }) => latencyMs));
    waitsMs.get(requestId.split('.')[0]!)?.push(timings.closedAtMs - timings.solicitedAtMs - lastReplyMs);
  }
  return [...waitsMs].flatMap(([phase, ofPhase]) =>
    [50, 99].map((percent) => ({
      name: `estimate.wait_p${percent}_ms.${phase}`,
      value: percentile(ofPhase, percent),
      unit: 'ms',
    })),
  );
}

const described = ({ wellP99Ms, firstP99Ms, knownP99Ms }: Incident): string =>
  `p99 ${wellP99Ms.toFixed(1)}, first ${NOTICED_AFTER_SEC} s ${firstP99Ms.toFixed(1)}, then ${knownP99Ms.toFixed(1)} ms`;

/** One stream of requests through all phases, so that no phase asks again for what the one before has asked. */
class Traffic {
  readonly #url: string;
  readonly #random: ReturnType<typeof seededRandom>;
  readonly #placements = new Zipf(PLACEMENTS);
  #sent = 0;

  constructor({ url }: Rig, seed: number) {
    this.#url = url;
    this.#random = seededRandom(seed).fork('slow-model');
  }

  /** Ids of its requests begin with `phase`. */
  run(phase: string, seconds: number): Promise<OpenLoopResult> {
    const body = bodiesOf(`${phase}.`);
    return runOpenLoop({
      url: this.#url,
      ratePerSec: RATE_PER_SEC,
      seconds,
      arrivals: 'poisson',
      random: this.#random,
      body: () => this.#withPlacement(body(this.#sent++)),
    });
  }

  #withPlacement(body: string): string {
    const placement = this.#placements.draw(() => this.#random.next());
    return body.replace(PLACEMENT, `placement-${placement}`);
  }
}

/** Of the request that all benches send. */
const PLACEMENT = 'article-rectangle';
