/** O8: the same seed, scenario and build give the same world. The only check over two histories. */
import type { History } from '../history.ts';
import type { Check, Verdict } from './check.ts';

export const DETERMINISM: Pick<Check, 'id' | 'name'> = { id: 'O8', name: 'the same seed gives the same world' };

/** Says where they part, which is where to look for what the world does not govern: a clock, an order, a random number. */
export function judgeDeterminism(one: History, other: History, verdict: Verdict): void {
  verdict.expect(
    one.traceHash === other.traceHash,
    () => `${one.traceHash.slice(0, 16)} and ${other.traceHash.slice(0, 16)}: ${firstDifference(one, other)}`,
  );
}

function firstDifference({ observations }: History, other: History): string {
  const count = Math.max(observations.length, other.observations.length);
  for (let index = 0; index < count; index++) {
    const [first, second] = [JSON.stringify(observations[index]), JSON.stringify(other.observations[index])];
    if (first !== second) return `they part at ${first ?? 'nothing'} and ${second ?? 'nothing'}`;
  }
  return 'they look alike from outside';
}
