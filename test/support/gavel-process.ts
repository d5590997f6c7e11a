/** `gavel` as an operator runs it: the built command line in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** `npm test` builds first; a bare `vitest run` may find nothing to start. */
export const IS_BUILT = existsSync(MAIN);

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that should have failed and serves instead is ended, so that it fails its test and no more. */
const RUN_MS_MAX = 20_000;

/** Runs a command to its end. */
export async function runGavel(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  runMsMax = RUN_MS_MAX,
): Promise<Ended> {
  const child = start(args, env, runMsMax);
  const stdout = collect(child.stdout!);
  const stderr = collect(child.stderr!);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout: stdout(), stderr: stderr() };
}

export interface RunningGavel {
  readonly url: string;
  readonly pid: number;
  /** What it has written to stderr so far. */
  readonly stderr: () => string;
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

/** Skips what makes a process fast from its first request, for tests that need many processes and no speed. */
export const COLD = { GAVEL_SERVER_WARM_UP_AUCTIONS: '0' };

/** Starts `gavel serve` and waits for the line with its address; rejects with its last words when there is none. */
export async function serveGavel(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<RunningGavel> {
  const child = start(['serve', '--port', '0', ...args], env);
  const stderr = collect(child.stderr!);
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  const url = /http:\/\/[^ ]+/.exec((await firstLine(child)) ?? '')?.[0];
  if (url === undefined) throw new Error(`gavel serve did not start: ${stderr()}`);
  return { url, pid: child.pid!, stderr, kill: (signal) => void child.kill(signal), ended };
}

/** Without settings of the engine: those of whoever runs the tests are not the tests'. */
const ENVIRONMENT = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GAVEL_'))),
  // A process more, which only tests of the archive look at.
  GAVEL_ARCHIVE_BESIDE_ENGINE: 'false',
};

function start(args: readonly string[], env: Readonly<Record<string, string>>, timeout?: number): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], {
    cwd: ROOT,
    env: { ...ENVIRONMENT, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(timeout === undefined ? {} : { timeout }),
  });
}

export function collect(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    text += chunk;
  });
  return () => text;
}

export async function firstLine(child: ChildProcess): Promise<string | null> {
  const lines = createInterface({ input: child.stdout! });
  const [line] = (await Promise.race([once(lines, 'line'), once(lines, 'close').then(() => [null])])) as [
    string | null,
  ];
  return line;
}
