/** `gavel serve` in a process that a test can hurt from inside (`fault-injector.mjs`), asking DSPs of the test's process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AuctionEvent } from '../../engine/exchange/auction-event.ts';
import { COLD, collect, firstLine, MAIN, ROOT } from './gavel-process.ts';
import { readAuctionEvents } from './test-gavel.ts';

const INJECTOR = fileURLToPath(new URL('./fault-injector.mjs', import.meta.url));

export type Deed =
  | { readonly deed: 'block'; readonly forMs: number }
  | { readonly deed: 'blockEvery'; readonly forMs: number; readonly everyMs: number }
  | { readonly deed: 'fillHeap'; readonly toShare: number }
  | {
      readonly deed:
        | 'stopBlocking'
        | 'takeDescriptors'
        | 'giveDescriptors'
        | 'emptyHeap'
        | 'collectGarbage'
        | 'reject'
        | 'throw';
    };

export interface ProcessState {
  /** Of the old generation. */
  readonly heapUsedBytes: number;
}

export interface FaultyGavel {
  readonly url: string;
  readonly pid: number;
  readonly stderr: () => string;
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** Resolves when it is done. */
  readonly inject: (deed: Deed) => Promise<ProcessState>;
  /** Sum over all series of a metric whose labels contain `labels`. */
  readonly metric: (name: string, labels?: string) => Promise<number>;
  readonly events: () => Promise<AuctionEvent[]>;
  /** Ends the process, however it is, and removes its data. */
  readonly close: () => Promise<void>;
}

export interface FaultyGavelOptions {
  /** As in the configuration file. */
  readonly config: object;
  /** Largest number of open files. */
  readonly descriptorsMax?: number;
  readonly nodeOptions?: readonly string[];
}

export async function startFaultyGavel({
  config,
  descriptorsMax,
  nodeOptions = [],
}: FaultyGavelOptions): Promise<FaultyGavel> {
  const folder = await mkdtemp(join(tmpdir(), 'gavel-faulty-'));
  const configFile = join(folder, 'gavel.json');
  await writeFile(configFile, JSON.stringify(config));
  const node = [process.execPath, '--expose-gc', ...nodeOptions, '--import', INJECTOR, MAIN, 'serve', '--port', '0'];
  const child = launch([...node, '--data', folder, '--config', configFile], descriptorsMax);
  const stderr = collect(child.stderr!);
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  const url = /http:\/\/[^ ]+/.exec((await firstLine(child)) ?? '')?.[0];
  if (url === undefined) throw new Error(`gavel serve did not start: ${stderr()}`);
  return {
    url,
    pid: child.pid!,
    stderr,
    kill: (signal) => void child.kill(signal),
    ended,
    inject: injectorOf(child),
    metric: (name, labels = '') => sumOf(url, name, labels),
    events: () => readAuctionEvents(folder),
    close: async () => {
      child.kill('SIGKILL');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function launch(command: readonly string[], descriptorsMax: number | undefined): ChildProcess {
  const limited =
    descriptorsMax === undefined ? command : ['sh', '-c', `ulimit -n ${descriptorsMax} && exec "$0" "$@"`, ...command];
  return spawn(limited[0]!, limited.slice(1), {
    cwd: ROOT,
    env: { ...foreignEnvironment(), ...COLD },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
}

/** Without settings of ours: the engine takes what begins with GAVEL_ for its own. */
function foreignEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GAVEL_')));
}

function injectorOf(child: ChildProcess): FaultyGavel['inject'] {
  const waiting = new Map<number, (state: ProcessState) => void>();
  child.on('message', ({ id, ...state }: ProcessState & { readonly id: number }) => {
    waiting.get(id)?.(state);
    waiting.delete(id);
  });
  let count = 0;
  return (deed) =>
    new Promise((resolve) => {
      const id = count++;
      waiting.set(id, resolve);
      child.send({ id, ...deed });
    });
}

async function sumOf(url: string, name: string, labels: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`, { headers: { connection: 'close' } })).text();
  let sum = 0;
  for (const line of text.split('\n')) {
    if (!line.startsWith(`${name} `) && !line.startsWith(`${name}{`)) continue;
    if (line.includes(labels)) sum += Number(line.slice(line.lastIndexOf(' ')));
  }
  return sum;
}
