/** `gavel consume` as processes of their own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { collect, firstLine, MAIN, ROOT } from '../gavel-process.ts';

/** One place for a process: who is killed is replaced by another one. */
export class ConsumerProcess {
  readonly name: string;
  readonly #args: readonly string[];
  readonly #environment: Readonly<Record<string, string>>;
  #child: ChildProcess | null = null;
  #stderr: () => string = () => '';

  /** `args` behind `gavel consume`. */
  constructor(name: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.name = name;
    this.#args = args;
    this.#environment = environment;
  }

  /** Rejects when it does not come up. */
  async start(more: readonly string[] = []): Promise<void> {
    const child = spawn(process.execPath, [MAIN, 'consume', ...this.#args, ...more], {
      cwd: ROOT,
      env: { ...process.env, ...this.#environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.#stderr = collect(child.stderr!);
    if ((await firstLine(child)) === null) throw new Error(`gavel consume did not start: ${this.#stderr()}`);
  }

  /** Again until it comes up: what it needs at its start may be away. */
  async startEventually(triesMax: number): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.start();
      } catch (error) {
        if (tries === triesMax) throw error;
      }
    }
  }

  get isUp(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** What it has logged in this life. */
  get words(): string {
    return this.#stderr();
  }

  /** `SIGSTOP` and `SIGCONT`. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  kill(): Promise<number | null> {
    return this.#end('SIGKILL');
  }

  /** In order; its exit code. */
  stop(): Promise<number | null> {
    return this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    this.#child = null;
    if (child === null) return null;
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'close');
      child.kill(signal);
      await ended;
    }
    return child.exitCode;
  }
}
