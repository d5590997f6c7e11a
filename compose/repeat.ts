import type { Parts } from './parts.ts';

/** Again so long after it was done. `work` does not reject. The engine closes behind what is under way. */
export function repeat(
  { timers, closing }: Pick<Parts, 'timers' | 'closing'>,
  intervalMs: number,
  work: () => Promise<void>,
): void {
  let isClosed = false;
  let current = Promise.resolve();
  let timer = timers.schedule(intervalMs, run);
  function run(): void {
    current = work().then(() => {
      if (!isClosed) timer = timers.schedule(intervalMs, run);
    });
  }
  closing(async () => {
    isClosed = true;
    timers.cancel(timer);
    await current;
  });
}
