/** Clients that send generated ad requests back to back, and remember which were answered when. */
import { seededRandom } from '../../simulator/random.ts';
import { generateRequest } from '../../simulator/traffic/request-generator.ts';
import { postAdRequest } from './test-gavel.ts';

export interface Load {
  /** When a request's answer had arrived whole, by request id; monotonic ms. */
  readonly answeredAtMs: ReadonlyMap<string, number>;
  /** Resolves when so many have been answered; rejects when the clients stopped before. */
  readonly answered: (count: number) => Promise<void>;
  /** Resolves when every client has stopped, which it does when the engine no longer takes its requests. */
  readonly ended: Promise<void>;
}

export function startLoad(url: string, options: { readonly clients: number; readonly seed: number }): Load {
  const traffic = seededRandom(options.seed).fork('load');
  const answeredAtMs = new Map<string, number>();
  const waiting: { count: number; resolve: () => void; reject: (error: Error) => void }[] = [];
  let index = 0;

  const client = async (): Promise<void> => {
    for (;;) {
      const request = { ...generateRequest(traffic, index++), tmax: 300 };
      const answer = await postAdRequest(url, request).catch(() => null);
      // 503: the engine is closing and has not started this one.
      if (answer === null || answer.status === 503) return;
      if (answer.status !== 200) throw new Error(`${answer.status} for ${JSON.stringify(request)}`);
      answeredAtMs.set(request.id, performance.now());
      for (const { count, resolve } of waiting) if (answeredAtMs.size >= count) resolve();
    }
  };
  const ended = Promise.all(Array.from({ length: options.clients }, client)).then(() => {
    for (const { reject } of waiting) reject(new Error(`the load ended after ${answeredAtMs.size} answers`));
  });
  return {
    answeredAtMs,
    answered: (count) => new Promise((resolve, reject) => waiting.push({ count, resolve, reject })),
    ended,
  };
}
