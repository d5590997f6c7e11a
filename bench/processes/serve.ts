/** An engine in a process of its own, as an operator would run it, for commands that measure it from outside. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../config/types.ts';

export interface EngineProcess {
  readonly url: string;
  readonly pid: number;
  /** `rtb_dsp_requests_total` by DSP and result. */
  readonly dspCounts: () => Promise<Record<string, Record<string, number>>>;
  /** User and system time of all its threads so far, ms. */
  readonly cpuMs: () => Promise<number>;
  /** SIGTERM, then waits for the drain. */
  readonly close: () => Promise<void>;
}

/** An engine that was driven into the ground answers late; one that hangs must not hang the report. */
const METRICS_TIMEOUT_MS = 10_000;

/** `config` is written to a private file: it may hold secrets. Rejects with the process's last words when it does not start. */
export async function startEngineProcess(config: Config, nodeOptions: readonly string[] = []): Promise<EngineProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'gavel-'));
  const configFile = join(folder, 'config.json');
  // What archives beside it has its own cost (`archive.ts`).
  const alone: Config = { ...config, archive: { ...config.archive, besideEngine: false } };
  await writeFile(configFile, JSON.stringify(alone), { mode: 0o600 });
  const main = fileURLToPath(new URL('../../main.js', import.meta.url));
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GAVEL_')));
  const child = spawn(process.execPath, [...nodeOptions, main, 'serve', '--config', configFile], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  let lastWords = '';
  child.stderr.on('data', (chunk: Buffer) => {
    lastWords = (lastWords + chunk.toString('utf8')).slice(-2000);
  });
  const line = await Promise.race([firstLine(child.stdout), exited.then(() => null)]);
  const url = /http:\/\/\S+/.exec(line ?? '')?.[0];
  if (url === undefined) {
    await rm(folder, { recursive: true, force: true });
    throw new Error(`the engine did not start: ${lastWords.trim() || 'no message'}`);
  }
  const metrics = async (): Promise<string> =>
    (await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(METRICS_TIMEOUT_MS) })).text();
  return {
    url,
    pid: child.pid!,
    dspCounts: async () => dspCounts(await metrics()),
    cpuMs: async () => 1000 * Number(/^process_cpu_seconds_total (\S+)/m.exec(await metrics())?.[1]),
    close: async () => {
      child.kill('SIGTERM');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function firstLine(stream: NodeJS.ReadableStream): Promise<string | null> {
  for await (const line of createInterface({ input: stream })) return line;
  return null;
}

function dspCounts(metrics: string): Record<string, Record<string, number>> {
  const counts: Record<string, Record<string, number>> = {};
  for (const [, dsp, result, value] of metrics.matchAll(
    /^rtb_dsp_requests_total\{dsp="([^"]+)",result="([^"]+)"\} (\d+)/gm,
  )) {
    counts[dsp!] = { ...counts[dsp!], [result!]: Number(value) };
  }
  return counts;
}
