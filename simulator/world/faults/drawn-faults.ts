/** Faults as a seed draws them: each way in which something goes wrong, with its chance and its bounds. */
import type { FaultShares } from '../../dsp/faults.ts';
import type { SeededRandom } from '../../random.ts';
import type { WorldFault } from './world-fault.ts';

export interface DrawableFault {
  /** For people, and for the tally of what was tried. */
  readonly name: string;
  readonly kind: WorldFault['kind'];
  readonly strikes: 'dsps' | 'processes' | 'engines' | 'users' | StoreName | 'stores';
  /** Chance among all, before a world reweighs it. */
  readonly weight: number;
  readonly draw: (random: SeededRandom) => Partial<WorldFault>;
}

export const STORE_NAMES = ['redis', 'ledger', 'kafka'] as const;
export type StoreName = (typeof STORE_NAMES)[number];

/** Answers that nobody can use; what only a real socket can have is left to those. */
const UNUSABLE = [
  'http-500',
  'html-200',
  'reset',
  'redirect',
  'deep-json',
  'huge-body',
  'truncated-json',
  'wrong-id',
  'wrong-currency',
  'negative-price',
  'string-price',
  'unknown-imp',
  'infinite-price',
  'duplicate-bids',
] as const;

/** One or two kinds at a time, so that a world is about something. */
function unusableAnswers(random: SeededRandom): FaultShares {
  const share = random.uniform(0.1, 1);
  const [one, other] = [random.pick(UNUSABLE), random.pick(UNUSABLE)];
  return one === other ? { [one]: share } : { [one]: share / 2, [other]: share / 2 };
}

function between(key: keyof WorldFault, least: number, most: number): DrawableFault['draw'] {
  return (random) => ({ [key]: random.uniform(least, most) });
}

function wholeBetween(key: keyof WorldFault, least: number, most: number): DrawableFault['draw'] {
  return (random) => ({ [key]: random.integer(least, most) });
}

const asItIs = (): Partial<WorldFault> => ({});

/** Partitions are from all stores; which of them is drawn with the target. */
export const DRAWABLE_FAULTS: readonly DrawableFault[] = [
  { name: 'dsp-slow', kind: 'dsp', strikes: 'dsps', weight: 1, draw: between('slower', 1.5, 20) },
  { name: 'dsp-silent', kind: 'dsp', strikes: 'dsps', weight: 1, draw: () => ({ answers: { 'no-answer': 1 } }) },
  {
    name: 'dsp-malformed',
    kind: 'dsp',
    strikes: 'dsps',
    weight: 1,
    draw: (random) => ({ answers: unusableAnswers(random) }),
  },
  { name: 'dsp-bursty', kind: 'dsp', strikes: 'dsps', weight: 1, draw: between('burstMs', 5, 500) },
  { name: 'dsp-down', kind: 'outage', strikes: 'dsps', weight: 1, draw: asItIs },
  { name: 'late-reports', kind: 'reports', strikes: 'users', weight: 1, draw: between('lateMs', 100, 120_000) },
  { name: 'repeated-reports', kind: 'reports', strikes: 'users', weight: 1, draw: wholeBetween('repeats', 2, 5) },
  { name: 'redis-outage', kind: 'outage', strikes: 'redis', weight: 1, draw: asItIs },
  { name: 'redis-flush', kind: 'redis-flush', strikes: 'redis', weight: 1, draw: asItIs },
  { name: 'redis-failover', kind: 'redis-failover', strikes: 'redis', weight: 1, draw: between('staleMs', 10, 5000) },
  { name: 'ledger-outage', kind: 'outage', strikes: 'ledger', weight: 1, draw: asItIs },
  { name: 'kafka-outage', kind: 'outage', strikes: 'kafka', weight: 1, draw: asItIs },
  { name: 'store-slow', kind: 'slow-link', strikes: 'stores', weight: 1, draw: between('slower', 2, 500) },
  { name: 'answers-lost', kind: 'slow-link', strikes: 'stores', weight: 2, draw: between('answersLost', 0.02, 0.5) },
  { name: 'disk-full', kind: 'disk-full', strikes: 'engines', weight: 1, draw: asItIs },
  { name: 'disk-error', kind: 'disk-error', strikes: 'engines', weight: 1, draw: asItIs },
  { name: 'disk-slow', kind: 'disk-slow', strikes: 'engines', weight: 1, draw: between('slower', 10, 4000) },
  {
    name: 'partition',
    kind: 'partition',
    strikes: 'processes',
    weight: 2,
    draw: (random) => ({ otherSide: random.pick(STORE_NAMES) }),
  },
  { name: 'killed', kind: 'process-down', strikes: 'processes', weight: 1, draw: asItIs },
  {
    name: 'killed-at-task',
    kind: 'process-dies',
    strikes: 'processes',
    weight: 2,
    draw: wholeBetween('afterTasks', 1, 400),
  },
  { name: 'stopped', kind: 'process-stop', strikes: 'processes', weight: 1, draw: asItIs },
  { name: 'busy', kind: 'process-busy', strikes: 'processes', weight: 1, draw: asItIs },
  {
    name: 'clock-jump',
    kind: 'clock-jump',
    strikes: 'processes',
    weight: 1,
    draw: wholeBetween('aheadMs', -3_600_000, 3_600_000),
  },
];

export interface PossibleTargets {
  readonly dsps: readonly string[];
  readonly processes: readonly string[];
  /** Those of them that keep an event log on a disk. */
  readonly engines: readonly string[];
  readonly stores: readonly string[];
}

/** Empty: there is none in this world. */
export function targetsOf({ strikes }: DrawableFault, targets: PossibleTargets): readonly string[] {
  switch (strikes) {
    case 'dsps':
    case 'processes':
    case 'engines':
    case 'stores':
      return targets[strikes];
    case 'users':
      return [strikes];
    default:
      return targets.stores.includes(strikes) ? [strikes] : [];
  }
}
