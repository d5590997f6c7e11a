/** `gavel serve`: the engine as a process; ends cleanly on SIGTERM and SIGINT. */
import closeWithGrace from 'close-with-grace';
import { createLog } from '../adapters/log.ts';
import { DRAIN_MS_MAX } from '../adapters/process/drain-budget.ts';
import { startGavel } from '../compose.ts';
import { isArchivingBesideEngine } from '../config/archive.ts';
import type { Config } from '../config/types.ts';
import { defaultScenarioPath, loadScenario, ScenarioError } from '../simulator/dsp/scenario.ts';
import { type DspProcess, startDspProcess } from '../simulator/dsp/spawn.ts';
import { readOptions, wholeNumber } from './options.ts';
import { startArchiver } from './serve-archiver.ts';
import { type RunningWorkers, startWorkers } from './serve-workers.ts';
import { SYSTEM_OPTIONS, systemConfig } from './system-config.ts';
import { startupError, UsageError } from './usage-error.ts';
import { warmUp } from './warm-up.ts';

const COMMAND = {
  name: 'serve',
  summary: 'run the engine',
  options: {
    ...SYSTEM_OPTIONS,
    workers: { type: 'string', value: 'N', help: 'engine processes on the port (default 1; docs/processes.md)' },
    'with-simulated-dsps': { type: 'boolean', help: 'start simulated DSPs in a process of their own and ask them too' },
    dsps: { type: 'string', value: 'N', help: 'how many simulated DSPs (default 50)' },
    scenario: { type: 'string', value: 'FILE', help: 'how the simulated DSPs behave (docs/simulator.md)' },
  },
} as const;

const SIMULATED_DSPS_MAX = 1000;

export async function serve(args: readonly string[]): Promise<void> {
  const options = readOptions(COMMAND, args);
  if (options === null) return;
  const isSimulated = options['with-simulated-dsps'] === true;
  if (!isSimulated && (options.dsps !== undefined || options.scenario !== undefined)) {
    throw new UsageError('--dsps and --scenario need --with-simulated-dsps');
  }
  systemConfig(options, []); // A bad configuration is refused before anything starts.
  const dspCount = wholeNumber(options.dsps, 'dsps', 50, { min: 1, max: SIMULATED_DSPS_MAX });
  const simulated = isSimulated ? await startSimulatedDsps(options.scenario, dspCount) : null;
  const config = systemConfig(options, simulated?.endpoints ?? []);
  const gavel = await start(config).catch(async (error: unknown) => {
    await simulated?.close();
    throw startupError(error);
  });
  const archiver = isArchivingBesideEngine(config) ? startArchiver(config, createLog(config.log.level)) : null;
  process.stdout.write(`${welcome(gavel.url, config.dsps.length)}\n`);
  if (config.dsps.length === 0 && !config.campaigns.enabled) process.stderr.write(`${NO_DSPS}\n`);
  let isClosing = false;
  let isFaulty = false;
  void simulated?.exited.then(() => {
    if (!isClosing) process.stderr.write('gavel: the simulated DSPs have ended; every call to them will fail\n');
  });
  const ending = closeWithGrace({ delay: DRAIN_MS_MAX, logger: false, skip: OWN_EVENTS }, async () => {
    isClosing = true;
    await gavel.close();
    await archiver?.close();
    await simulated?.close();
    // The exit code tells a supervisor to start another one.
    if (isFaulty) process.exit(1);
  });
  // Supervisors repeat SIGTERM: a second one must not cut the drain short, as a second SIGINT from a keyboard does.
  process.on('SIGTERM', () => {
    if (!isClosing) ending.close();
  });
  const onUncaught = (origin: 'exception' | 'rejection', error: unknown): void => {
    if (gavel.uncaught(origin, error) === 'go-on' || isClosing) return;
    isFaulty = true;
    process.stderr.write('gavel: too many faults: draining, to be replaced\n');
    ending.close();
  };
  process.on('uncaughtException', (error) => onUncaught('exception', error));
  process.on('unhandledRejection', (reason) => onUncaught('rejection', reason));
}

async function start(config: Config): Promise<RunningWorkers> {
  if (config.server.workers === 1) return startGavel(config, { beforeListening: () => warmUp(config) });
  return startWorkers(config);
}
/** Handled here and not by close-with-grace, which would end the process by the first of each. */
const OWN_EVENTS: ('SIGTERM' | 'uncaughtException' | 'unhandledRejection')[] = [
  'SIGTERM',
  'uncaughtException',
  'unhandledRejection',
];

async function startSimulatedDsps(scenarioPath: string | undefined, count: number): Promise<DspProcess> {
  try {
    return await startDspProcess({ scenario: loadScenario(scenarioPath ?? defaultScenarioPath()), count });
  } catch (error) {
    if (error instanceof ScenarioError) throw new UsageError(error.message);
    throw error;
  }
}

/** Such an engine is healthy by every measure and sells nothing. */
const NO_DSPS =
  'gavel: no DSPs to ask, so no auction gets a bid: set dsps or campaigns in --config, or use --with-simulated-dsps';

/** One line: where it listens, and something to try. */
function welcome(url: string, dspCount: number): string {
  const curl = `curl -s ${url}/openrtb2/auction -d @config/examples/requests/banner-app.json`;
  return `Gavel listens on ${url} with ${dspCount} DSPs. Try: ${curl}`;
}
