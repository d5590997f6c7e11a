/** No acknowledged event is lost and none is billed twice, with engines, consumers, Kafka, PostgreSQL and Redis that are killed: minutes of faults. */
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../simulator/random.ts';
import { FAULTS, type FaultName } from '../support/event-proof/faults.ts';
import { runEventProof } from '../support/event-proof/proof.ts';
import { startProofServers } from '../support/event-proof/servers.ts';
import { IS_BUILT } from '../support/gavel-process.ts';

/** In whole rounds of all faults. */
const ROUNDS = Number(process.env.GAVEL_PROOF_ROUNDS ?? 1);

function inAnyOrder(seed: number): FaultName[] {
  const random = seededRandom(seed).fork('order');
  const names = Object.keys(FAULTS) as FaultName[];
  return Array.from({ length: ROUNDS }, () =>
    names
      .map((name) => ({ name, at: random.next() }))
      .toSorted((a, b) => a.at - b.at)
      .map(({ name }) => name),
  ).flat();
}

describe.skipIf(!IS_BUILT)('events under faults (needs a build, redis-server, PostgreSQL and Kafka)', () => {
  it('every acknowledged event is booked once, at the price that was answered, and nothing else is', async (context) => {
    const servers = await startProofServers();
    if (servers === null) return context.skip();
    const seed = Number(process.env.GAVEL_PROOF_SEED ?? Date.now());
    const faults = inAnyOrder(seed);
    console.log({ seed, faults });
    try {
      const result = await runEventProof({
        servers,
        seed,
        engines: 3,
        faults,
        auctionsPerSecond: 15,
        onRecovered: (fault, untilRecoveredMs) => console.log(`${fault}: recovered within ${untilRecoveredMs} ms`),
      });
      console.log(result);
      expect(result.problems).toEqual([]);
    } finally {
      await servers.stop();
    }
  }, 3_600_000);
});
