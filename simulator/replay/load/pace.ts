/** When recorded requests are due: at their own times, faster or slower, or at a rate of one's own. */
import type { SeededRandom } from '../../random.ts';
import type { ScheduledRequest } from '../../traffic/open-loop.ts';
import type { TimedRequest } from './recorded-requests.ts';

/** `speed`: 2 is twice as fast as it was. `rate`: so many a second, with random gaps, as independent users make them. */
export type Pace =
  | { readonly kind: 'speed'; readonly factor: number }
  | { readonly kind: 'rate'; readonly perSec: number; readonly random: SeededRandom };

/** A request without the time that its pace hangs on; `message` names it. */
export class UntimedRequestError extends Error {
  override readonly name = 'UntimedRequestError';
}

/** Until `untilMs` after the start. Times never fall: what was recorded out of order is due with what went before. */
export async function* scheduled(
  requests: AsyncIterable<TimedRequest>,
  pace: Pace,
  untilMs: number,
): AsyncGenerator<ScheduledRequest, void, undefined> {
  const dueMs = pace.kind === 'speed' ? recordedPace(pace.factor) : ratePace(pace);
  let lastMs = 0;
  for await (const request of requests) {
    lastMs = Math.max(lastMs, dueMs(request));
    if (lastMs >= untilMs) return;
    yield { atMs: lastMs, body: request.body };
  }
}

function recordedPace(factor: number): (request: TimedRequest) => number {
  let firstMs: number | null = null;
  return ({ atMs, place }) => {
    if (atMs === null) throw new UntimedRequestError(`${place}: does not say when ("at", "atMs"); name a --rate`);
    firstMs ??= atMs;
    return (atMs - firstMs) / factor;
  };
}

function ratePace({ perSec, random }: Pace & { readonly kind: 'rate' }): () => number {
  let atMs = 0;
  return () => {
    atMs += random.exponential(1000 / perSec);
    return atMs;
  };
}

/** Resolves when so many have been read, or all; goes on reading while others wait, and holds so many at most. */
export async function readAhead<Item>(items: AsyncIterable<Item>, heldMax: number): Promise<AsyncIterable<Item>> {
  const source = items[Symbol.asyncIterator]();
  const asked = Array.from({ length: heldMax }, () => source.next());
  await Promise.all(asked);
  return goingOn(source, asked);
}

async function* goingOn<Item>(
  source: AsyncIterator<Item>,
  asked: Promise<IteratorResult<Item>>[],
): AsyncGenerator<Item, void, undefined> {
  try {
    for (let next = asked.shift(); next !== undefined; next = asked.shift()) {
      const { value, done } = await next;
      if (done === true) return;
      const further = source.next();
      // Whoever comes to it learns of its failure.
      further.catch(() => {});
      asked.push(further);
      yield value;
    }
  } finally {
    await source.return?.();
  }
}
