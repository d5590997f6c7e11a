/** `gavel simulate --compare`: the same worlds under several arms, seed by seed. */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { loadArms } from '../simulator/comparison/arms.ts';
import { compareWorlds } from '../simulator/comparison/compare.ts';
import type { ComparisonRecord } from '../simulator/comparison/comparison-record.ts';
import { worldsPrinter } from '../simulator/comparison/progress.ts';
import { formatComparison } from '../simulator/comparison/table.ts';
import { openWorldPool } from '../simulator/comparison/world-pool.ts';
import { ScenarioError } from '../simulator/scenario-file.ts';
import { commitOfProduct } from '../simulator/world/identity.ts';
import { readOptions, wholeNumber } from './options.ts';
import { checkOutputFile } from './output-path.ts';
import { UsageError } from './usage-error.ts';

const COMMAND = {
  name: 'simulate --compare',
  summary: 'run the same worlds under several arms, and say what differs (docs/experiments.md)',
  operand: 'FILE [FILE …]',
  options: {
    seeds: { type: 'string', value: 'N', help: 'worlds of each arm (default 20)' },
    seed: { type: 'string', value: 'N', help: 'the first seed (default 1)' },
    workers: { type: 'string', value: 'N', help: 'worlds at a time (default: one per processor)' },
    out: { type: 'string', value: 'FILE', help: 'write the record here, for gavel report simulation' },
    json: { type: 'boolean', help: 'print the record as JSON' },
  },
} as const;

/** `args`: behind `--compare`. The files come first: one comparison, or two and more worlds. */
export async function simulateCompare(args: readonly string[]): Promise<void> {
  const end = args.findIndex((arg) => arg.startsWith('-'));
  const files = end < 0 ? args : args.slice(0, end);
  const options = readOptions(COMMAND, end < 0 ? [] : args.slice(end));
  if (options === null) return;
  if (files.length === 0) throw new UsageError(`${COMMAND.name}: name a comparison, or two and more worlds`);
  const seeds = wholeNumber(options.seeds, 'seeds', 20, { min: 2, max: 10_000 });
  const firstSeed = wholeNumber(options.seed, 'seed', 1, { min: 0, max: 2 ** 32 - 1 });
  const workers = wholeNumber(options.workers, 'workers', availableParallelism(), { min: 1, max: 256 });
  if (options.out !== undefined) checkOutputFile(`${COMMAND.name}: --out`, options.out);
  const record = await compare(files, { seeds, firstSeed, workers });
  if (options.out !== undefined) writeFileSync(options.out, `${JSON.stringify(record)}\n`);
  process.stdout.write(options.json === true ? `${JSON.stringify(record)}\n` : `${textOf(record, options.out)}\n`);
}

async function compare(
  files: readonly string[],
  { seeds, firstSeed, workers }: { readonly seeds: number; readonly firstSeed: number; readonly workers: number },
): Promise<ComparisonRecord> {
  const { name, arms } = armsOf(files);
  const pool = openWorldPool(workers);
  const progress = worldsPrinter(process.stderr);
  try {
    return await compareWorlds({
      name,
      commit: commitOfProduct(),
      command: `gavel simulate --compare ${files.join(' ')} --seeds ${seeds} --seed ${firstSeed}`,
      arms: arms.map((arm) => ({ name: arm.name, scenario: arm })),
      seeds: Array.from({ length: seeds }, (_, index) => firstSeed + index),
      run: ({ scenario, file }, seed) => pool.run({ scenario, seed, file }),
      parallel: workers,
      onProgress: progress.print,
    });
  } finally {
    progress.end();
    pool.close();
  }
}

function armsOf(files: readonly string[]): ReturnType<typeof loadArms> {
  try {
    return loadArms(files);
  } catch (error) {
    if (error instanceof ScenarioError) throw new UsageError(error.message);
    throw error;
  }
}

/** What repeats it stands first and last. */
function textOf(record: ComparisonRecord, out: string | undefined): string {
  const identity = `commit ${record.commit}: ${record.command}`;
  const next = out === undefined ? [] : ['', `as a page: gavel report simulation ${out}`];
  return [identity, '', formatComparison(record), ...next, '', identity].join('\n');
}
