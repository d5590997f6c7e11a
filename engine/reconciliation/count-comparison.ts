/**
 * Two systems that have counted the same traffic: by how much they differ, and whether that is little enough, and sure enough, to go over
 * from one to the other.
 */
import {
  COUNT_DIMENSIONS,
  COUNT_MEASURES,
  type CountDimension,
  type CountMeasure,
  type CountSource,
  type ThingCounts,
} from '../ports/count-source.ts';

export interface CountComparisonOptions {
  /** Share of what was counted by which two systems may differ: above 0, below 1. */
  readonly threshold: number;
}

/**
 * `holds`: they differ by no more than the threshold. `exceeds`: by more. `too-few`: so few were counted that nothing can be said; those
 * of a dimension are judged together, as `OTHERS`.
 */
export type DeltaVerdict = 'holds' | 'exceeds' | 'too-few';

export interface CountDelta {
  /** `total`: all of the window. */
  readonly dimension: CountDimension | 'total';
  /** Empty for the total. */
  readonly id: string;
  /** Of spend with its currency, `spend USD`. */
  readonly measure: string;
  /** Counts, or nanos. */
  readonly ours: bigint;
  readonly theirs: bigint;
  /** Of the larger one; of `OTHERS` the sum of all that differ, whichever way. */
  readonly share: number;
  /** How many events that rests on. */
  readonly volume: number;
  readonly verdict: DeltaVerdict;
}

export interface CountComparison {
  /**
   * `safe`: whatever can be judged holds, and every measure can be. `unsafe`: something exceeds. `not-enough`: nothing exceeds, and of a
   * measure too little was counted to say so.
   */
  readonly verdict: 'safe' | 'unsafe' | 'not-enough';
  readonly threshold: number;
  /** Least number of events that is judged. */
  readonly volumeMin: number;
  /** What exceeds first, then by dimension, measure and share. */
  readonly deltas: readonly CountDelta[];
}

/** All of a dimension that are too few by themselves. No id of ours begins so. */
export const OTHERS = '(others)';

/**
 * Of n events that all agree, it can be said with 95% confidence that no more than 3 / n of their kind do not (the rule of three). So a
 * share can be judged by 3 / share events at the least.
 */
const RULE_OF_THREE = 3;

export function volumeMinOf(threshold: number): number {
  return Math.ceil(RULE_OF_THREE / threshold);
}

/** `ours` says how many events a spend is made of. */
export async function compareCounts(
  ours: CountSource,
  theirs: CountSource,
  { threshold }: CountComparisonOptions,
): Promise<CountComparison> {
  const volumeMin = volumeMinOf(threshold);
  const measures = COUNT_MEASURES.filter((measure) => ours.measures.has(measure) && theirs.measures.has(measure));
  const dimensions = COUNT_DIMENSIONS.filter((name) => ours.dimensions.has(name) && theirs.dimensions.has(name));
  const deltas: CountDelta[] = [];
  for (const [at, dimension] of dimensions.entries()) {
    const pairs = pairsOf(await ours.read(dimension), await theirs.read(dimension), measures);
    if (at === 0) deltas.push(...totalsOf(pairs).map((pair) => judge('total', pair, threshold, volumeMin)));
    deltas.push(...judgeThings(dimension, pairs, threshold, volumeMin));
  }
  return { verdict: verdictOf(deltas, measures), threshold, volumeMin, deltas: deltas.sort(byUrgency) };
}

interface Pair {
  readonly id: string;
  readonly measure: string;
  readonly ours: bigint;
  readonly theirs: bigint;
  /** Without sign. */
  readonly difference: bigint;
  readonly volume: number;
}

const NOTHING: ThingCounts = { impressions: 0, clicks: 0, charges: 0, spend: new Map() };

function pairsOf(
  ours: ReadonlyMap<string, ThingCounts>,
  theirs: ReadonlyMap<string, ThingCounts>,
  measures: readonly CountMeasure[],
): Pair[] {
  const pairs: Pair[] = [];
  for (const id of new Set([...ours.keys(), ...theirs.keys()])) {
    const [one, other] = [ours.get(id) ?? NOTHING, theirs.get(id) ?? NOTHING];
    for (const measure of measures) {
      if (measure === 'spend') pairs.push(...spendPairs(id, one, other));
      else pairs.push(countPair(id, measure, one[measure], other[measure]));
    }
  }
  return pairs;
}

function countPair(id: string, measure: string, ours: number, theirs: number): Pair {
  const difference = BigInt(Math.abs(ours - theirs));
  return { id, measure, ours: BigInt(ours), theirs: BigInt(theirs), difference, volume: Math.max(ours, theirs) };
}

function spendPairs(id: string, one: ThingCounts, other: ThingCounts): Pair[] {
  const volume = Math.max(one.charges ?? 0, other.charges ?? 0);
  return [...new Set([...one.spend.keys(), ...other.spend.keys()])].map((currency) => {
    const [ours, theirs] = [one.spend.get(currency) ?? 0n, other.spend.get(currency) ?? 0n];
    const difference = ours < theirs ? theirs - ours : ours - theirs;
    return { id, measure: `spend ${currency}`, ours, theirs, difference, volume };
  });
}

function totalsOf(pairs: readonly Pair[]): Pair[] {
  return [...byMeasure(pairs)].map(([measure, all]) => {
    const { ours, theirs, volume } = sumOf(measure, '', all);
    return { id: '', measure, ours, theirs, difference: ours < theirs ? theirs - ours : ours - theirs, volume };
  });
}

function byMeasure(pairs: readonly Pair[]): Map<string, Pair[]> {
  const groups = new Map<string, Pair[]>();
  for (const pair of pairs) {
    const group = groups.get(pair.measure);
    if (group === undefined) groups.set(pair.measure, [pair]);
    else group.push(pair);
  }
  return groups;
}

/** Differences add up whichever way they are: two things that are wrong do not make one that is right. */
function sumOf(measure: string, id: string, pairs: readonly Pair[]): Pair {
  const start: Pair = { id, measure, ours: 0n, theirs: 0n, difference: 0n, volume: 0 };
  return pairs.reduce(
    (sum, { ours, theirs, difference, volume }) => ({
      id,
      measure,
      ours: sum.ours + ours,
      theirs: sum.theirs + theirs,
      difference: sum.difference + difference,
      volume: sum.volume + volume,
    }),
    start,
  );
}

function judgeThings(
  dimension: CountDimension,
  pairs: readonly Pair[],
  threshold: number,
  volumeMin: number,
): CountDelta[] {
  const deltas: CountDelta[] = [];
  for (const [measure, all] of byMeasure(pairs)) {
    const few = all.filter(({ volume }) => volume < volumeMin);
    deltas.push(...all.map((pair) => judge(dimension, pair, threshold, volumeMin)));
    if (few.length > 0) deltas.push(judge(dimension, sumOf(measure, OTHERS, few), threshold, volumeMin));
  }
  return deltas;
}

function judge(
  dimension: CountDelta['dimension'],
  { id, measure, ours, theirs, difference, volume }: Pair,
  threshold: number,
  volumeMin: number,
): CountDelta {
  const larger = ours < theirs ? theirs : ours;
  const share = larger === 0n ? 0 : Number(difference) / Number(larger);
  const verdict = volume < volumeMin ? 'too-few' : share <= threshold ? 'holds' : 'exceeds';
  return { dimension, id, measure, ours, theirs, share, volume, verdict };
}

function verdictOf(deltas: readonly CountDelta[], measures: readonly CountMeasure[]): CountComparison['verdict'] {
  if (deltas.some(({ verdict }) => verdict === 'exceeds')) return 'unsafe';
  const isJudged = (measure: CountMeasure): boolean =>
    deltas.some(
      (delta) => delta.dimension === 'total' && delta.measure.startsWith(measure) && delta.verdict === 'holds',
    );
  return measures.length > 0 && measures.every(isJudged) ? 'safe' : 'not-enough';
}

const VERDICTS: readonly DeltaVerdict[] = ['exceeds', 'holds', 'too-few'];
const DIMENSIONS: readonly CountDelta['dimension'][] = ['total', ...COUNT_DIMENSIONS];

function byUrgency(one: CountDelta, other: CountDelta): number {
  return (
    VERDICTS.indexOf(one.verdict) - VERDICTS.indexOf(other.verdict) ||
    DIMENSIONS.indexOf(one.dimension) - DIMENSIONS.indexOf(other.dimension) ||
    (one.measure < other.measure ? -1 : one.measure > other.measure ? 1 : other.share - one.share) ||
    (one.id < other.id ? -1 : 1)
  );
}
