/** A fault of a world: what goes wrong with whom, when, and how much. */
import type { FaultShares } from '../../dsp/faults.ts';
import { faultShare } from '../../dsp/scenario.ts';

/**
 * `process-down`: an engine or consumer is killed, and started again at the end; `process-dies`: the same when it has done
 * `afterTasks` more tasks, so between any two steps of whatever it does; `process-stop`: it is stopped in order, and started again
 * at the end; `process-busy`: its event loop is blocked; `clock-jump`: its wall clock is `aheadMs` ahead of the true time;
 * `partition`: two sides do not reach each other; `outage`: a DSP or a store is down; `slow-link`: messages to and from a process
 * take `slower` times as long, and this share of what it answers is lost; `dsp`: answers of a DSP have these faults, come so
 * many times slower, or in bursts; `redis-flush`: Redis forgets everything; `redis-failover`: a replica that is `staleMs`
 * behind takes over; `disk-full`: the disk of an engine takes no byte more; `disk-error`: it neither writes nor flushes; `disk-slow`:
 * both take `slower` times as long; `reports`: what users report comes so much later, and so often.
 */
export const WORLD_FAULTS = [
  'process-down',
  'process-dies',
  'process-stop',
  'process-busy',
  'clock-jump',
  'partition',
  'outage',
  'slow-link',
  'dsp',
  'redis-flush',
  'redis-failover',
  'disk-full',
  'disk-error',
  'disk-slow',
  'reports',
] as const;

export interface WorldFault {
  readonly kind: (typeof WORLD_FAULTS)[number];
  /** A process, or a region: all processes there. */
  readonly target: string;
  readonly fromSec: number;
  /** Absent: to the end. */
  readonly forSec?: number;
  /** Of a partition. */
  readonly otherSide?: string;
  /** Of a clock jump. */
  readonly aheadMs?: number;
  /** Of a DSP: chance of each fault. */
  readonly answers?: FaultShares;
  /** Of a DSP, a link or a disk: factor on the time that it takes. */
  readonly slower?: number;
  /** Of a DSP: what came in within so long is answered at once. */
  readonly burstMs?: number;
  /** Of a link: share of what the target answers, 0..1. */
  readonly answersLost?: number;
  /** Of a process that dies. */
  readonly afterTasks?: number;
  /** Of a failover. */
  readonly staleMs?: number;
  /** Of reports. */
  readonly lateMs?: number;
  /** Of reports: how often each comes, 1 or more. */
  readonly repeats?: number;
}

type OwnKey = Exclude<keyof WorldFault, 'kind' | 'target' | 'fromSec' | 'forSec'>;

const OWN_KEYS: readonly OwnKey[] = [
  'otherSide',
  'aheadMs',
  'answers',
  'slower',
  'burstMs',
  'answersLost',
  'afterTasks',
  'staleMs',
  'lateMs',
  'repeats',
];

/** What a kind must say, and what it may. */
const KEYS_OF: Readonly<Record<WorldFault['kind'], { needs?: OwnKey; takes?: readonly OwnKey[] }>> = {
  'process-down': {},
  'process-dies': { needs: 'afterTasks' },
  'process-stop': {},
  'process-busy': {},
  'clock-jump': { needs: 'aheadMs' },
  partition: { needs: 'otherSide' },
  outage: {},
  'slow-link': { takes: ['slower', 'answersLost'] },
  dsp: { takes: ['answers', 'slower', 'burstMs'] },
  'redis-flush': {},
  'redis-failover': { needs: 'staleMs' },
  'disk-full': {},
  'disk-error': {},
  'disk-slow': { needs: 'slower' },
  reports: { takes: ['lateMs', 'repeats'] },
};

/** Null: it can be run. */
export function problemOfFault(fault: WorldFault): { readonly key: keyof WorldFault; readonly text: string } | null {
  const { needs, takes = [] } = KEYS_OF[fault.kind];
  for (const key of OWN_KEYS) {
    const isSaid = fault[key] !== undefined;
    if (key === needs && !isSaid) return { key, text: `is missing for a fault "${fault.kind}"` };
    if (isSaid && key !== needs && !takes.includes(key))
      return { key, text: `means nothing for a fault "${fault.kind}"` };
  }
  if (fault.kind === 'process-busy' && fault.forSec === undefined)
    return { key: 'forSec', text: 'is missing for a fault "process-busy"' };
  const share = faultShare(fault.answers ?? {});
  if (share > 1) return { key: 'answers', text: `probabilities add up to ${share.toFixed(3)}, above 1` };
  return null;
}
