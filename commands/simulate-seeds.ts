/** `gavel simulate --seeds N`: worlds with faults, one drawn from each seed, judged by the checks; `--seed-world K`: one of them again. */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { commitOfProduct } from '../simulator/world/identity.ts';
import { runSeeds } from '../simulator/world/seeds/run-seeds.ts';
import { describeHistory, lookAtSeed } from '../simulator/world/seeds/seed-look.ts';
import { isFailed, type SeedOutcome } from '../simulator/world/seeds/seed-outcome.ts';
import { formatSeedProgress, formatSeedSummary } from '../simulator/world/seeds/seed-progress.ts';
import { describeFailure, SeedTally } from '../simulator/world/seeds/seed-tally.ts';
import { readOptions, wholeNumber } from './options.ts';
import { checkOutputFile } from './output-path.ts';
import { UsageError } from './usage-error.ts';

const COMMAND = {
  name: 'simulate',
  summary: 'draw a world with faults from each seed, run it, and judge it by checks O1 to O8 (docs/worlds.md)',
  options: {
    seeds: { type: 'string', value: 'N', help: 'how many' },
    'from-seed': { type: 'string', value: 'K', help: 'the first of them (default 0)' },
    'stop-after-first': { type: 'boolean', help: 'end with the first seed that fails' },
    workers: { type: 'string', value: 'N', help: 'processes (default: one for each processor, 2 at most)' },
    'seed-world': {
      type: 'string',
      value: 'K',
      help: 'instead: the world of this seed again, and what happened in it',
    },
    out: {
      type: 'string',
      value: 'FILE',
      help: 'of --seed-world: write all that was seen there, one observation a line',
    },
  },
} as const;

const SEED_MAX = 2 ** 32 - 1;
const PROGRESS_MS = 5_000;
const TERMINAL_PROGRESS_MS = 500;

/** Exit code 1 when a seed fails. */
export async function simulateSeeds(args: readonly string[]): Promise<void> {
  const options = readOptions(COMMAND, args);
  if (options === null) return;
  const seedOf = (text: string | undefined, name: string): number =>
    wholeNumber(text, name, 0, { min: 0, max: SEED_MAX });
  if (options['seed-world'] !== undefined) {
    const alone = Object.keys(options).find((name) => name !== 'seed-world' && name !== 'out');
    if (alone !== undefined) throw new UsageError(`simulate: --${alone} does not go with --seed-world`);
    await lookAgain(seedOf(options['seed-world'], 'seed-world'), options.out);
    return;
  }
  if (options.out !== undefined) throw new UsageError('simulate: --out goes with --seed-world');
  const fromSeed = seedOf(options['from-seed'], 'from-seed');
  await runMany({
    fromSeed,
    seeds: wholeNumber(options.seeds, 'seeds', 1, { min: 1, max: SEED_MAX - fromSeed }),
    workers: wholeNumber(options.workers, 'workers', Math.min(2, availableParallelism()), { min: 1, max: 256 }),
    stopsAfterFirst: options['stop-after-first'] === true,
  });
}

interface Run {
  readonly fromSeed: number;
  readonly seeds: number;
  readonly workers: number;
  readonly stopsAfterFirst: boolean;
}

async function runMany(run: Run): Promise<void> {
  const identity = identityText(run);
  process.stdout.write(`${identity}\n`);
  const startedAtMs = performance.now();
  const tally = new SeedTally();
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort();
  process.once('SIGINT', interrupt);
  const line = new ProgressLine();
  const underWay = () => ({ tally, seeds: run.seeds, elapsedMs: performance.now() - startedAtMs });
  await runSeeds({
    ...run,
    signal: interrupted.signal,
    onOutcome: (outcome: SeedOutcome) => {
      tally.add(outcome);
      if (tally.firstFailed === outcome) line.say(describeFailure(outcome));
      line.show(() => formatSeedProgress(underWay()));
    },
  });
  process.off('SIGINT', interrupt);
  line.end();
  const { firstFailed } = tally;
  const end = interrupted.signal.aborted ? [`interrupted: ${formatSeedProgress(underWay())}`] : [];
  const first = firstFailed === null ? [] : ['', `first: ${describeFailure(firstFailed)}`];
  process.stdout.write(`${[...end, formatSeedSummary(underWay()), ...first, '', identity].join('\n')}\n`);
  if (firstFailed !== null) process.exitCode = 1;
}

/** First and last line: enough to repeat it. */
function identityText({ fromSeed, seeds }: Run): string {
  return `worlds of seeds ${fromSeed} to ${fromSeed + seeds - 1}, commit ${commitOfProduct()}\nagain: gavel simulate --seeds ${seeds} --from-seed ${fromSeed}`;
}

async function lookAgain(seed: number, out: string | undefined): Promise<void> {
  if (out !== undefined) checkOutputFile('simulate: --out', out);
  const { outcome, history } = await lookAtSeed(seed);
  if (out !== undefined) {
    writeFileSync(out, `${(history?.observations ?? []).map((seen) => JSON.stringify(seen)).join('\n')}\n`);
  }
  process.stdout.write(`${describeHistory(seed, history)}\n\n`);
  process.stdout.write(isFailed(outcome) ? `${describeFailure(outcome)}\n` : `seed ${seed}: all checks hold\n`);
  process.stdout.write(`trace ${outcome.traceHash}, commit ${commitOfProduct()}\n`);
  if (isFailed(outcome)) process.exitCode = 1;
}

/** One line that is written over on a terminal; elsewhere a line every few seconds. */
class ProgressLine {
  #shownAtMs = Number.NEGATIVE_INFINITY;
  #isOpen = false;

  show(text: () => string): void {
    const nowMs = performance.now();
    const isTerminal = process.stderr.isTTY === true;
    if (nowMs - this.#shownAtMs < (isTerminal ? TERMINAL_PROGRESS_MS : PROGRESS_MS)) return;
    this.#shownAtMs = nowMs;
    process.stderr.write(isTerminal ? `\r${text()}\u001b[K` : `${text()}\n`);
    this.#isOpen = isTerminal;
  }

  say(text: string): void {
    this.end();
    process.stdout.write(`${text}\n`);
  }

  end(): void {
    if (this.#isOpen) process.stderr.write('\n');
    this.#isOpen = false;
  }
}
