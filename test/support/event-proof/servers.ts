/** Kafka, PostgreSQL and Redis of our own, to be killed. */
import { type HurtRedis, startHurtRedis } from '../campaign-proof/services.ts';
import { hasRedisServer, type KillableService, startOwnKafka, startOwnPostgres } from '../services.ts';

export interface ProofServers {
  readonly kafka: KillableService;
  readonly postgres: KillableService;
  readonly redis: HurtRedis;
  readonly stop: () => Promise<void>;
}

/** Null: one of them is not to be had. */
export async function startProofServers(): Promise<ProofServers | null> {
  if (!hasRedisServer) return null;
  const [kafka, postgres] = await Promise.all([startOwnKafka(), startOwnPostgres()]);
  const stop = async (): Promise<void> => {
    await Promise.all([kafka?.stop(), postgres?.stop()]);
  };
  if (kafka === null || postgres === null) {
    await stop();
    return null;
  }
  const redis = await startHurtRedis();
  return { kafka, postgres, redis, stop: async () => void (await Promise.all([stop(), redis.stop()])) };
}
