/** `gavel bench`: measurements of this build on this machine (docs/performance.md). */
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { profileEngine } from '../bench/cpu-profile.ts';
import type { BenchContext, Measurement } from '../bench/measurement.ts';
import { formatMeasurements } from '../bench/report.ts';
import { BENCHMARK_NAMES, FULL_SCALE, QUICK_SCALE, runSuite } from '../bench/suite.ts';
import { VERSION } from '../config/version.ts';
import { readOptions, wholeNumber } from './options.ts';
import { checkOutputFile } from './output-path.ts';
import { UsageError } from './usage-error.ts';

const COMMAND = {
  name: 'bench',
  summary: 'measure CPU per auction, throughput and hot functions',
  options: {
    json: { type: 'boolean', help: 'print one JSON object a line: name, value, unit' },
    only: { type: 'string', value: 'PATTERN', help: 'only benchmarks of which a name contains this' },
    quick: { type: 'boolean', help: 'a tiny size: shows that everything runs, its numbers mean nothing' },
    seconds: {
      type: 'string',
      value: 'N',
      help: `length of a measured phase (default ${FULL_SCALE.seconds}; of a surge ${FULL_SCALE.surgeSeconds})`,
    },
    seed: { type: 'string', value: 'N', help: 'of prices and arrivals (default 1)' },
    profile: {
      type: 'string',
      value: 'FILE',
      help: 'instead: write a CPU profile of the engine at 50 DSPs and print what takes the time',
    },
  },
} as const;

export async function bench(args: readonly string[]): Promise<void> {
  const options = readOptions(COMMAND, args);
  if (options === null) return;
  if (options.profile !== undefined) checkOutputFile('bench: --profile', options.profile);
  const pattern = options.only ?? '';
  if (!BENCHMARK_NAMES.some((name) => name.includes(pattern))) {
    throw new UsageError(`no benchmark is called like "${pattern}"; there are ${BENCHMARK_NAMES.join(', ')}`);
  }
  const scale = options.quick === true ? QUICK_SCALE : FULL_SCALE;
  const seconds =
    options.seconds === undefined ? null : wholeNumber(options.seconds, 'seconds', 0, { min: 1, max: 3600 });
  const context: BenchContext = {
    scale: seconds === null ? scale : { ...scale, seconds, surgeSeconds: seconds },
    seed: wholeNumber(options.seed, 'seed', 1, { min: 0, max: 2 ** 32 - 1 }),
    progress: (line) => process.stderr.write(`${line}\n`),
  };
  context.progress(identity(context.seed));
  if (options.profile !== undefined) {
    process.stdout.write(`${await profileEngine(options.profile, context)}\n`);
    return;
  }
  const measurements: Measurement[] = [];
  for await (const measurement of runSuite(pattern, context)) {
    measurements.push(measurement);
    if (options.json === true) process.stdout.write(`${JSON.stringify(measurement)}\n`);
  }
  if (options.json !== true) process.stdout.write(`${formatMeasurements(measurements)}\n`);
}

/** Enough to tell whether two runs may be compared. */
function identity(seed: number): string {
  const cores = cpus();
  const processor = cores[0]?.model.trim() ?? 'unknown processor';
  return `gavel ${VERSION} (${commit()}), node ${process.version}, ${cores.length} x ${processor}, seed ${seed}`;
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'no commit';
  }
}
