/** `gavel simulate`: engine, simulated DSPs and generated traffic, each in a process of its own, and a report. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEngineProcess } from '../bench/processes/serve.ts';
import { VERSION } from '../config/version.ts';
import { ScenarioError } from '../simulator/dsp/scenario.ts';
import { progressPrinter } from '../simulator/report/progress.ts';
import { runSimulation } from '../simulator/simulate.ts';
import { PayloadError } from '../simulator/traffic/payloads.ts';
import { type Options, readOptions, wholeNumber } from './options.ts';
import { systemConfig } from './system-config.ts';
import { UsageError } from './usage-error.ts';

const COMMAND = {
  name: 'simulate',
  summary: 'run the engine under generated traffic against simulated DSPs, and print what happened',
  others: [
    ['simulate --compare FILE [FILE …]', 'the same worlds under several arms, seed by seed (docs/experiments.md)'],
    ['simulate --seeds N', 'worlds with faults, one drawn from each seed, judged by checks O1 to O8 (docs/worlds.md)'],
    ['simulate bidding', 'published bidding experiments once more (docs/bidding.md)'],
  ],
  options: {
    dsps: { type: 'string', value: 'N', help: 'simulated DSPs (default: as the scenario says)' },
    rate: { type: 'string', value: 'N', help: 'ad requests a second (default 100)' },
    seconds: { type: 'string', value: 'N', help: 'how long (default 10)' },
    seed: { type: 'string', value: 'N', help: 'replaces the seed of the scenario' },
    scenario: {
      type: 'string',
      value: 'FILE',
      help: 'how the DSPs behave, faults and when they strike (docs/simulator.md)',
    },
    payloads: {
      type: 'string',
      value: 'PATH',
      help: 'file or folder of recorded requests to send instead of generated ones',
    },
    config: { type: 'string', value: 'FILE', help: 'configuration of the engine' },
    world: {
      type: 'string',
      value: 'FILE',
      help: 'instead: a whole world in virtual time, exactly repeatable (docs/worlds.md); takes --seed, --datasets, --json and --out',
    },
    datasets: {
      type: 'string',
      value: 'PATH',
      help: 'of a world: real logs that its market is made like (docs/market.md)',
    },
    out: { type: 'string', value: 'FILE', help: 'of a world: write the record of its run there, as JSON' },
    json: { type: 'boolean', help: 'print the report as JSON' },
  },
} as const;

/** Of worlds that are drawn: another command, with options of its own. */
function areSeedsMeant(args: readonly string[]): boolean {
  return args.some((arg) => /^--(seeds|seed-world)(=|$)/.test(arg));
}

/** Settings of real sockets, which a world has none of. */
const SOCKET_OPTIONS = ['dsps', 'rate', 'seconds', 'scenario', 'payloads', 'config'] as const;

/** What only worlds have. */
const WORLD_OPTIONS = ['out', 'datasets'] as const;

async function runOneWorld(file: string, options: Options<(typeof COMMAND)['options']>): Promise<void> {
  const other = SOCKET_OPTIONS.find((name) => options[name] !== undefined);
  if (other !== undefined)
    throw new UsageError(`simulate: --${other} does not go with --world: its file says all of it`);
  const { simulateWorld } = await import('./simulate-world.ts');
  const seed = wholeNumber(options.seed, 'seed', 1, { min: 0, max: 2 ** 32 - 1 });
  const { datasets, out } = options;
  await simulateWorld({ file, seed, isJson: options.json === true, out, datasets });
}

export async function simulate(args: readonly string[]): Promise<void> {
  const [subject, ...rest] = args;
  if (subject === 'bidding') return (await import('./simulate-bidding.ts')).simulateBidding(rest);
  const compareAt = args.indexOf('--compare');
  if (compareAt >= 0) {
    const { simulateCompare } = await import('./simulate-compare.ts');
    // Its files stand right behind it, whatever options stand before.
    return simulateCompare([...args.slice(compareAt + 1), ...args.slice(0, compareAt)]);
  }
  if (areSeedsMeant(args)) return (await import('./simulate-seeds.ts')).simulateSeeds(args);
  const options = readOptions(COMMAND, args);
  if (options === null) return;
  if (options.world !== undefined) {
    await runOneWorld(options.world, options);
    return;
  }
  for (const name of WORLD_OPTIONS) {
    if (options[name] !== undefined) throw new UsageError(`simulate: --${name} is for --world`);
  }
  const data = await mkdtemp(join(tmpdir(), 'gavel-data-'));
  const isJson = options.json === true;
  const progress = progressPrinter(process.stderr);
  try {
    const report = await runSimulation({
      version: VERSION,
      ...(options.dsps !== undefined && { dsps: wholeNumber(options.dsps, 'dsps', 50, { min: 1, max: 1000 }) }),
      rate: wholeNumber(options.rate, 'rate', 100, { min: 1, max: 100_000 }),
      seconds: wholeNumber(options.seconds, 'seconds', 10, { min: 1, max: 86_400 }),
      ...(options.seed !== undefined && { seed: wholeNumber(options.seed, 'seed', 0, { min: 0, max: 2 ** 32 - 1 }) }),
      ...(options.scenario !== undefined && { scenarioPath: options.scenario }),
      ...(options.payloads !== undefined && { payloadsPath: options.payloads }),
      startEngine: async (dsps) => {
        const config = systemConfig(
          { ...(options.config !== undefined && { config: options.config }), port: '0', data },
          dsps,
        );
        const engine = await startEngineProcess(config);
        return { ...engine, url: `${engine.url}/openrtb2/auction` };
      },
      onProgress: progress.print,
      ...(!isJson && {
        out: (text: string) => {
          progress.end();
          process.stdout.write(`${text}\n`);
        },
      }),
    });
    if (isJson) process.stdout.write(`${JSON.stringify(report)}\n`);
  } catch (error) {
    if (error instanceof ScenarioError || error instanceof PayloadError) throw new UsageError(error.message);
    throw error;
  } finally {
    progress.end();
    await rm(data, { recursive: true, force: true });
  }
}
