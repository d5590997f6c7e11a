import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ChildMessage, ParentMessage } from './process.ts';
import { loadScenario, type Scenario } from './scenario.ts';
import {
  type DspServerOptions,
  type FaultsByDsp,
  type NoticeCounts,
  type RunningDsps,
  requireRunning,
} from './server.ts';

export interface DspProcessOptions extends Omit<DspServerOptions, 'scenario'> {
  /** The scenario itself, or the path of its file. */
  readonly scenario: Scenario | string;
}

export interface DspProcess extends RunningDsps {
  readonly pid: number;
  /** Resolves when the process has ended or is out of reach, asked to or not. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

/**
 * Starts the DSPs of a scenario in a process of their own, so that their work is not measured as the engine's.
 * Throws a ScenarioError for a bad file; rejects when a port cannot be had or the process ends early.
 */
export async function startDspProcess(options: DspProcessOptions): Promise<DspProcess> {
  const scenario = typeof options.scenario === 'string' ? loadScenario(options.scenario) : options.scenario;
  const child = fork(processEntry());
  const exited: DspProcess['exited'] = new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    // Could not be started, or can no longer be reached: no `exit` need follow.
    child.on('error', () => resolve({ code: null, signal: null }));
  });
  await receive(child, exited, 'ready');
  const listening = receive(child, exited, 'listening');
  send(child, { kind: 'start', options: { ...options, scenario } });
  const { endpoints } = await listening;
  return {
    pid: child.pid!,
    endpoints,
    exited,
    notices: () => countNotices(child, exited),
    setFaults: async (faultsByDsp) => {
      requireRunning(faultsByDsp, endpoints);
      await setFaults(child, exited, faultsByDsp);
    },
    close: async () => {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

/** Beside this file: process.js in a build, process.ts where the runtime reads TypeScript. */
function processEntry(): string {
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
  return fileURLToPath(new URL(`./process${extension}`, import.meta.url));
}

async function countNotices(child: ChildProcess, exited: DspProcess['exited']): Promise<Record<string, NoticeCounts>> {
  if (!child.connected) throw new Error('simulated DSPs: process ended');
  const answer = receive(child, exited, 'notices');
  send(child, { kind: 'count-notices' });
  return (await answer).notices;
}

async function setFaults(child: ChildProcess, exited: DspProcess['exited'], faultsByDsp: FaultsByDsp): Promise<void> {
  if (!child.connected) throw new Error('simulated DSPs: process ended');
  const answer = receive(child, exited, 'faults-set');
  send(child, { kind: 'set-faults', faultsByDsp });
  await answer;
}

function send(child: ChildProcess, message: ParentMessage): void {
  child.send(message);
}

type Received<K extends ChildMessage['kind']> = Extract<ChildMessage, { kind: K }>;

/** The next message of a kind. Rejects when the child reports a failure or ends instead. */
function receive<K extends ChildMessage['kind']>(
  child: ChildProcess,
  exited: DspProcess['exited'],
  kind: K,
): Promise<Received<K>> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: ChildMessage) => {
      if (message.kind !== kind && message.kind !== 'failed') return;
      child.off('message', onMessage);
      if (message.kind !== 'failed') resolve(message as Received<K>);
      else {
        child.disconnect();
        reject(new Error(`simulated DSPs: ${message.problem}`));
      }
    };
    child.on('message', onMessage);
    void exited.then(({ code, signal }) => reject(new Error(`simulated DSPs: process ended (${signal ?? code})`)));
  });
}
