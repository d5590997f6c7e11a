/** `gavel simulate --world FILE`: one world, in virtual time, and the record of its run. */
import { writeFileSync } from 'node:fs';
import { DatasetError } from '../simulator/market/real-market.ts';
import { ScenarioError } from '../simulator/scenario-file.ts';
import { identityOf } from '../simulator/world/identity.ts';
import { canBeJudged, runJudged } from '../simulator/world/judged-run.ts';
import type { RunIdentity } from '../simulator/world/run-identity.ts';
import type { RunRecord } from '../simulator/world/run-record.ts';
import { formatRun } from '../simulator/world/run-table.ts';
import type { RunProgress } from '../simulator/world/run-world.ts';
import { runWorld } from '../simulator/world/run-world.ts';
import { loadWorldScenario, type WorldScenario } from '../simulator/world/scenario.ts';
import { checkOutputFile } from './output-path.ts';
import { UsageError } from './usage-error.ts';

export interface WorldCommand {
  readonly file: string;
  readonly seed: number;
  readonly isJson: boolean;
  /** Where the record goes as JSON; undefined: nowhere. */
  readonly out: string | undefined;
  /** Folder of real logs for its market; undefined: as the file says. */
  readonly datasets: string | undefined;
}

/** Progress at most so often, real ms. */
const PROGRESS_MS = 1_000;

export async function simulateWorld({ file, seed, isJson, out, datasets }: WorldCommand): Promise<void> {
  const scenario = blamingScenario(() => loadWorldScenario(file, datasets === undefined ? {} : { datasets }));
  if (out !== undefined) checkOutputFile('simulate: --out', out);
  const identity = formatIdentity(identityOf(scenario, { seed, file }));
  if (!isJson) process.stdout.write(`${identity}\n`);
  const record = await run(scenario, file, seed);
  const text = JSON.stringify(record);
  if (out !== undefined) writeFileSync(out, `${text}\n`);
  process.stdout.write(isJson ? `${text}\n` : `\n${formatRun(record)}\n\n${identity}\n`);
}

async function run(scenario: WorldScenario, file: string, seed: number): Promise<RunRecord> {
  let shownAtMs = performance.now();
  const startedAtMs = shownAtMs;
  const onProgress = (progress: RunProgress): void => {
    const nowMs = performance.now();
    if (nowMs - shownAtMs < PROGRESS_MS) return;
    shownAtMs = nowMs;
    process.stderr.write(`${formatProgress(progress, nowMs - startedAtMs)}\n`);
  };
  try {
    return await (canBeJudged(scenario) ? runJudged : runWorld)(scenario, { seed, file, onProgress });
  } catch (error) {
    if (error instanceof DatasetError) throw new UsageError(`market.demand.datasets: ${error.message}`);
    throw error;
  }
}

/** First and last line: enough to repeat it. */
function formatIdentity({ scenario, scenarioHash, seed, commit, command }: RunIdentity): string {
  return `world ${scenario} (${scenarioHash}), seed ${seed}, commit ${commit}\nagain: ${command}`;
}

function formatProgress({ untilMs, durationMs, requests }: RunProgress, realMs: number): string {
  const part = ((untilMs / durationMs) * 100).toFixed(0);
  return `${part} %: ${(untilMs / 1000).toFixed(0)} s, ${requests} requests, ${(untilMs / realMs).toFixed(0)}x real time`;
}

function blamingScenario<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ScenarioError) throw new UsageError(error.message);
    throw error;
  }
}
