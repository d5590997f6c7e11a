import { execFileSync } from 'node:child_process';
import { VERSION } from '../../config/version.ts';
import type { RunIdentity } from './run-identity.ts';
import { scenarioHash, type WorldScenario } from './scenario.ts';

/** What repeats a run of this scenario. `file`: where it is from; absent: it was drawn by the seed. */
export function identityOf(
  scenario: WorldScenario,
  { seed, file }: { readonly seed: number; readonly file?: string },
): RunIdentity {
  const datasets = scenario.market.demand?.datasets;
  return {
    seed,
    scenario: scenario.name,
    scenarioHash: scenarioHash(scenario),
    commit: commitOfProduct(),
    command:
      file === undefined
        ? `npm run sim -- --seed-world ${seed}`
        : `npm run simulate -- --world ${file} --seed ${seed}${datasets === undefined ? '' : ` --datasets ${datasets}`}`,
  };
}

let commit: string | null = null;

/** Git commit, `+` when the tree differs from it; else the version. Asked once: a run of many worlds does not wait for git each time. */
export function commitOfProduct(): string {
  commit ??= gitCommit() ?? VERSION;
  return commit;
}

/** Null: this is no working tree of git. */
function gitCommit(): string | null {
  try {
    const git = (...args: string[]): string =>
      execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const isChanged = git('status', '--porcelain', '--untracked-files=no').trim() !== '';
    return `${git('rev-parse', '--short=12', 'HEAD').trim()}${isChanged ? '+' : ''}`;
  } catch {
    return null;
  }
}
