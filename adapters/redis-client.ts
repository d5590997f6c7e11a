/** How this engine speaks to any Redis: a command is answered in its time or has failed, and nothing waits for a connection. */
import { Redis } from 'ioredis';

const RECONNECT_MS_MAX = 1000;
const CONNECT_MS_MAX = 1000;

/** Not connected yet. Nothing is sent twice: whether a command ran whose answer was lost is for its caller to ask. */
export function createRedisClient(url: string, commandTimeoutMs: number): Redis {
  return new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    connectTimeout: CONNECT_MS_MAX,
    commandTimeout: commandTimeoutMs,
    retryStrategy: (times) => Math.min(RECONNECT_MS_MAX, 50 * times),
    // After a failover the address may lead to the new master.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  });
}
