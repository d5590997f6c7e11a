/** The process that archives what an engine, or its workers, write to their logs: started beside them, and again when it dies. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { systemClock, systemTimers } from '../adapters/clock.ts';
import type { Log } from '../adapters/log.ts';
import { RESPAWN_DELAY_DEFAULTS, RespawnDelay } from '../adapters/workers/respawn-delay.ts';
import type { Config } from '../config/types.ts';
import type { TimerHandle } from '../engine/ports/clock.ts';
import type { ArchiverStart } from './archiver.ts';

/** Of the time to end: what it has not written by then, its successor writes. */
const END_MS_MAX = 1000;

/** Begins; resolves to nothing that can fail. `close` resolves when the process has ended. */
export function startArchiver(config: Config, log: Log): { readonly close: () => Promise<void> } {
  const delay = new RespawnDelay(RESPAWN_DELAY_DEFAULTS);
  let isClosing = false;
  let timer: TimerHandle = null;
  let current: { readonly child: ChildProcess; readonly ended: Promise<void> } | null = null;
  begin();
  return {
    close: async () => {
      isClosing = true;
      systemTimers.cancel(timer);
      if (current !== null) await end(current.child, current.ended);
    },
  };

  function begin(): void {
    const child = fork(fileURLToPath(new URL(`./archiver${EXTENSION}`, import.meta.url)), {
      serialization: 'advanced',
    });
    const startedAtMs = systemClock.monotonicMs();
    const start: ArchiverStart = { config };
    child.send(start, () => {});
    const ended = new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      // Could not be started at all, or is out of reach: then `exit` need not follow.
      child.once('error', () => resolve());
    });
    current = { child, ended };
    void ended.then(() => {
      current = null;
      if (isClosing) return;
      const delayMs = delay.afterDeath(systemClock.monotonicMs() - startedAtMs);
      log.warn(
        { code: child.exitCode, signal: child.signalCode, delayMs },
        'the process that archives has ended; another one follows',
      );
      timer = systemTimers.schedule(delayMs, begin);
    });
  }
}

/** `.js` in a build, `.ts` where the runtime reads TypeScript. */
const EXTENSION = import.meta.url.slice(import.meta.url.lastIndexOf('.'));

async function end(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.connected) child.disconnect();
  const timer = systemTimers.schedule(END_MS_MAX, () => child.kill('SIGKILL'));
  await ended;
  systemTimers.cancel(timer);
}
