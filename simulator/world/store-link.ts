import { type Link, LinkError } from './link.ts';
import type { Network } from './network.ts';
import type { VirtualProcess } from './virtual-process.ts';

export interface StoreLinkOptions {
  readonly network: Network;
  /** Whose calls they are. */
  readonly from: VirtualProcess;
  /** Where the store stands; down while there is an outage. */
  readonly store: VirtualProcess;
  /** A call without an answer by then is late. */
  readonly timeoutMs: number;
}

/** The way to a store over the network of a world. */
export function storeLink({ network, from, store, timeoutMs }: StoreLinkOptions): Link {
  return {
    call: <T>(work: () => T) =>
      new Promise<T>((resolve, reject) => {
        const timer = from.timers.schedule(timeoutMs, () => {
          reject(new LinkError('late', `${store.name} has not answered ${from.name} within ${timeoutMs} ms`));
        });
        const settle = (end: () => void): void => {
          from.timers.cancel(timer);
          end();
        };
        network.send({
          from,
          to: store,
          onArrival: () => {
            const end = endOf(work, resolve, reject);
            network.send({ from: store, to: from, onArrival: () => settle(end) });
          },
          onRefused: () => settle(() => reject(new LinkError('unreachable', `${store.name} is down`))),
        });
      }),
  };
}

/** Does the work, and says how the caller will learn what came of it. */
function endOf<T>(work: () => T, resolve: (value: T) => void, reject: (error: unknown) => void): () => void {
  try {
    const value = work();
    return () => resolve(value);
  } catch (error) {
    return () => reject(error);
  }
}
