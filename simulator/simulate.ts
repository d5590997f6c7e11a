import { defaultScenarioPath, loadScenario, type Scenario } from './dsp/scenario.ts';
import type { DspEndpoint, DspServerOptions, RunningDsps } from './dsp/server.ts';
import { startDspProcess } from './dsp/spawn.ts';
import { type SeededRandom, seededRandom } from './random.ts';
import { buildReport, type DspReport, type SimulationReport } from './report/report.ts';
import { formatIdentity, formatReport } from './report/table.ts';
import { type ArrivalProcess, type OpenLoopProgress, runOpenLoop } from './traffic/open-loop.ts';
import { loadPayloads } from './traffic/payloads.ts';
import { generateRequest } from './traffic/request-generator.ts';

/** An engine that asks the simulated DSPs. */
export interface SimulatedEngine {
  /** Of its auction endpoint. */
  readonly url: string;
  /** Results by DSP id and name, since the start. */
  readonly dspCounts: () => Promise<Readonly<Record<string, Readonly<Record<string, number>>>>>;
  /** Time its processor has spent on it so far, ms. */
  readonly cpuMs: () => Promise<number>;
  /** Resolves when notices that were under way have been sent or given up. */
  readonly close: () => Promise<void>;
}

export interface SimulationOptions {
  /** Of the engine, for the record. */
  readonly version: string;
  /** As many as the scenario says when absent. */
  readonly dsps?: number;
  /** Mean requests a second. */
  readonly rate: number;
  readonly seconds: number;
  /** Replaces the seed of the scenario. */
  readonly seed?: number;
  /** The default scenario when absent. */
  readonly scenarioPath?: string;
  /** Requests to send, over and over, instead of generated ones. */
  readonly payloadsPath?: string;
  /** `poisson` when absent. */
  readonly arrivals?: ArrivalProcess;
  readonly startEngine: (dsps: readonly DspEndpoint[]) => Promise<SimulatedEngine>;
  /** A process of their own when absent. */
  readonly startDsps?: (options: DspServerOptions) => Promise<RunningDsps>;
  readonly onProgress?: (progress: OpenLoopProgress) => void;
  /** Takes lines of text for people; nothing is printed when absent. */
  readonly out?: (text: string) => void;
}

/**
 * Runs an engine against simulated DSPs and simulated traffic and reports. Throws a ScenarioError or PayloadError before
 * anything is started; whatever was started is closed however the run ends.
 */
export async function runSimulation(options: SimulationOptions): Promise<SimulationReport> {
  const scenario = chooseScenario(options);
  const identity = { version: options.version, scenario: scenario.name, seed: scenario.seed };
  const random = seededRandom(scenario.seed).fork('traffic');
  const body = requestBodies(options.payloadsPath, random);
  options.out?.(formatIdentity(identity));
  const dsps = await (options.startDsps ?? startDspProcess)({ scenario, ...(options.dsps && { count: options.dsps }) });
  try {
    const { traffic, counts, cpuMs } = await drive(options, dsps.endpoints, { body, random });
    // The engine has been closed by now, so every notice it was going to send has arrived.
    const reports = reportDsps(dsps.endpoints, counts, await dsps.notices());
    const report = buildReport(
      identity,
      { ratePerSec: options.rate, seconds: options.seconds },
      traffic,
      cpuMs,
      reports,
    );
    options.out?.(`\n${formatReport(report)}\n\n${formatIdentity(identity)}`);
    return report;
  } finally {
    await dsps.close();
  }
}

function chooseScenario({ scenarioPath, seed }: SimulationOptions): Scenario {
  const scenario = loadScenario(scenarioPath ?? defaultScenarioPath());
  return seed === undefined ? scenario : { ...scenario, seed };
}

function requestBodies(payloadsPath: string | undefined, random: SeededRandom): (index: number) => string {
  if (payloadsPath === undefined) return (index) => JSON.stringify(generateRequest(random, index));
  const payloads = loadPayloads(payloadsPath);
  return (index) => payloads[index % payloads.length]!;
}

async function drive(
  options: SimulationOptions,
  endpoints: readonly DspEndpoint[],
  traffic: { readonly body: (index: number) => string; readonly random: SeededRandom },
) {
  const engine = await options.startEngine(endpoints);
  try {
    const cpuMsBefore = await engine.cpuMs();
    const result = await runOpenLoop({
      url: engine.url,
      ratePerSec: options.rate,
      seconds: options.seconds,
      arrivals: options.arrivals ?? 'poisson',
      random: traffic.random.fork('arrivals'),
      body: traffic.body,
      ...(options.onProgress && { onProgress: options.onProgress }),
    });
    const cpuMs = (await engine.cpuMs()) - cpuMsBefore;
    return { traffic: result, counts: await engine.dspCounts(), cpuMs };
  } finally {
    await engine.close();
  }
}

function reportDsps(
  endpoints: readonly DspEndpoint[],
  counts: Awaited<ReturnType<SimulatedEngine['dspCounts']>>,
  notices: Awaited<ReturnType<RunningDsps['notices']>>,
): Record<string, DspReport> {
  const none = { calls: 0, wins: 0, losses: 0, bills: 0, strays: 0 };
  return Object.fromEntries(
    endpoints.map(({ id }) => [id, { results: counts[id] ?? {}, notices: notices[id] ?? none }]),
  );
}
