/** How far a replay is, once a second, and how long it took; what cannot be read at all is the caller's to mend. */
import { systemClock } from '../adapters/clock.ts';
import type { ProgressStream } from '../simulator/report/progress.ts';
import { UsageError } from './usage-error.ts';

const INTERVAL_MS = 1000;
const ERASE_TO_END_OF_LINE = '\u001b[K';

/** Runs `work`, which says after each auction how many there have been. */
export async function timedReplay<Value>(
  stream: ProgressStream,
  work: (onAuction: (auctions: number) => void) => Promise<Value>,
): Promise<{ readonly value: Value; readonly seconds: number }> {
  const isTerminal = stream.isTTY === true;
  const startMs = systemClock.monotonicMs();
  let nextMs = startMs + INTERVAL_MS;
  let isOpen = false;
  const onAuction = (auctions: number): void => {
    const nowMs = systemClock.monotonicMs();
    if (nowMs < nextMs) return;
    nextMs = nowMs + INTERVAL_MS;
    const seconds = (nowMs - startMs) / 1000;
    const line = `${seconds.toFixed(0)} s: ${auctions} auctions, ${Math.round(auctions / seconds)} a second`;
    stream.write(isTerminal ? `\r${line}${ERASE_TO_END_OF_LINE}` : `${line}\n`);
    isOpen = isTerminal;
  };
  try {
    const value = await work(onAuction);
    return { value, seconds: (systemClock.monotonicMs() - startMs) / 1000 };
  } catch (error) {
    throw readingError(error);
  } finally {
    if (isOpen) stream.write('\n');
  }
}

/** Of events that cannot be had: of a newer build, of a folder that nobody may read, of brokers that are away. */
export function readingError(error: unknown): unknown {
  const { name, message, syscall, path } = error as NodeJS.ErrnoException;
  if (name === 'ConfigError') return new UsageError(message);
  if (name === 'UnknownSegmentFormatError' || name.startsWith('KafkaJS')) return new UsageError(`replay: ${message}`);
  if (syscall !== undefined && path !== undefined) return new UsageError(`replay: ${message}`);
  return error;
}
