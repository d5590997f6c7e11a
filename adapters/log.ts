/** The process log: pino, JSON lines on stderr. Nothing that identifies a person is ever passed to it (docs/architecture.md). */
import { destination, type Logger, pino } from 'pino';

export type Log = Logger;

export function createLog(level: string): Log {
  return pino({ level, base: { name: 'gavel' } }, destination({ dest: 2, sync: true }));
}
