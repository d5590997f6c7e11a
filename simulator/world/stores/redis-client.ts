/** What the stores of one process have in common over the Redis of a world. */
import { type Link, LinkError } from '../link.ts';
import type { MemoryRedis, RedisCommand } from './redis.ts';

export interface RedisConnection {
  readonly redis: MemoryRedis;
  /** Gives a command up after the time that the product would. */
  readonly link: Link;
}

/** The errors of its port. */
export interface RedisErrors {
  readonly closed: () => Error;
  readonly failed: (code: LinkError['code'], message: string, options: { readonly cause: unknown }) => Error;
}

export class RedisClient {
  readonly #connection: RedisConnection;
  readonly #errors: RedisErrors;
  #isClosed = false;

  constructor(connection: RedisConnection, errors: RedisErrors) {
    this.#connection = connection;
    this.#errors = errors;
  }

  /** Whether a command has run that rejects is not known, as long as it was not closed. */
  readonly run = async <T>(command: RedisCommand<T>): Promise<T> => {
    if (this.#isClosed) throw this.#errors.closed();
    const { redis, link } = this.#connection;
    try {
      return await link.call(() => redis.run(command));
    } catch (cause) {
      if (!(cause instanceof LinkError)) throw cause;
      throw this.#errors.failed(cause.code, cause.message, { cause });
    }
  };

  readonly close = async (): Promise<void> => {
    this.#isClosed = true;
  };
}
