/** Faults as people speak of them. */
import type { FaultSpan } from '../../world/run-record.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** How it was with the target meanwhile, to be written behind "with"; `silent`: `with dsp-3 silent`. */
const CONDITIONS: Readonly<Record<string, string>> = {
  'answers-lost': 'losing answers',
  'clock-jump': 'at a wrong time of day',
  'disk-error': 'unable to write',
  'disk-full': 'out of disk space',
  'disk-slow': 'slow to write',
  dsp: 'sick',
  'dsp-bursty': 'answering in bursts',
  'dsp-down': 'down',
  'dsp-malformed': 'answering nonsense',
  'dsp-silent': 'silent',
  'dsp-slow': 'slow',
  'kafka-outage': 'away',
  'kafka-slow': 'slow',
  kill: 'killed',
  'kill-at-task': 'killed',
  'late-reports': 'reporting late',
  'ledger-outage': 'away',
  'ledger-slow': 'slow',
  outage: 'away',
  partition: 'cut off',
  'process-down': 'killed',
  'redis-failover': 'failing over',
  'redis-flush': 'emptied',
  'redis-outage': 'away',
  'redis-slow': 'slow',
  'repeated-reports': 'reporting twice',
  silent: 'silent',
  slow: 'slow',
  stall: 'stalled',
  stop: 'stopped',
};

/** `dsp-3 silent`; of a kind that nobody has words for `kind at dsp-3`. */
export function condition({ kind, target }: Pick<FaultSpan, 'kind' | 'target'>): string {
  return Object.hasOwn(CONDITIONS, kind) ? `${target} ${CONDITIONS[kind]}` : `${kind} at ${target}`;
}

/** `from 10:00 to 10:20`. */
export function period({ fromMs, untilMs }: FaultSpan, clock: VirtualClock): string {
  const endMs = Math.min(untilMs, clock.spanMs);
  if (fromMs <= 0 && endMs >= clock.spanMs) return 'all the time';
  const [from, until] = [clock.at(Math.max(0, fromMs)), clock.at(endMs)];
  return from === until ? `at ${from}` : `from ${from} to ${until}`;
}
