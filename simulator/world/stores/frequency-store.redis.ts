/** The `FrequencyStore` of one process over the Redis of a world. */
import { type FrequencyStore, FrequencyStoreError } from '../../../engine/ports/frequency-store.ts';
import { RedisClient, type RedisConnection } from './redis-client.ts';

export function createWorldFrequencyStore(connection: RedisConnection): FrequencyStore {
  const { run, close } = new RedisClient(connection, {
    closed: () => new FrequencyStoreError('closed', 'the store is closed'),
    failed: (_, message, options) => new FrequencyStoreError('unavailable', message, options),
  });
  return {
    fetch: (user) => run(({ frequencies }, nowMs) => frequencies.fetch(user, nowMs)),
    take: (user, impression) => run(({ frequencies }, nowMs) => frequencies.take(user, impression, nowMs)),
    giveBack: (user, requestId, scopes) => run(({ frequencies }) => frequencies.giveBack(user, requestId, scopes)),
    forget: (user) => run(({ frequencies }) => frequencies.forget(user)),
    holds: (user) => run(({ frequencies }) => frequencies.holds(user)),
    close,
  };
}
