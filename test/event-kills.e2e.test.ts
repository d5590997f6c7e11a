/** Each process of the way from an answer to its bill is killed once, under load: nothing that was acknowledged is lost, nothing billed twice. */
import { describe, expect, it } from 'vitest';
import { EACH_KILLED } from './support/event-proof/faults.ts';
import { runEventProof } from './support/event-proof/proof.ts';
import { startProofServers } from './support/event-proof/servers.ts';
import { IS_BUILT } from './support/gavel-process.ts';

describe.skipIf(!IS_BUILT)('events (needs a build, redis-server, PostgreSQL and Kafka)', () => {
  it('survive that engine, consumer, Kafka, PostgreSQL and Redis are killed, and are billed once', async (context) => {
    const servers = await startProofServers();
    if (servers === null) return context.skip();
    try {
      const result = await runEventProof({ servers, seed: 6, engines: 2, faults: EACH_KILLED, auctionsPerSecond: 12 });
      expect(result.problems).toEqual([]);
      expect(result.verdict.billed).toBeGreaterThan(50);
    } finally {
      await servers.stop();
    }
  }, 400_000);
});
