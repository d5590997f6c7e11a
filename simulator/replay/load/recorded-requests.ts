/** The requests of recorded auctions, rebuilt, in the order in which they arrived. */
import type { RecordedEvents } from '../../../engine/ports/recorded-events.ts';
import { rebuiltRequest, termsOf } from '../rebuilt-request.ts';
import { type ReadingTally, RecordedAuctions, type ReplayWindow } from '../recorded-auctions.ts';

export interface TimedRequest {
  /** When it arrived, or was captured, epoch ms; null: nobody knows. */
  readonly atMs: number | null;
  readonly body: string;
  /** Where it stands, for people. */
  readonly place: string;
}

export interface RequestTally extends ReadingTally {
  /** Their events do not tell what was for sale: they ended before the decision. */
  notRebuilt: number;
}

export interface RebuildOptions {
  readonly events: RecordedEvents;
  readonly window: ReplayWindow;
  /** All of them get `test: 1`: nothing that they sell is billed. */
  readonly isTest: boolean;
  /** Part of tmax that the engine kept for the way to the publisher, ms. */
  readonly networkAllowanceMs: number;
}

/** Auctions are stored when they end. They end within this of each other's arrival, or come late; ms. */
const REORDER_MS = 10_000;
/** Beyond, the oldest goes on, ordered or not. */
const REORDER_MAX = 20_000;

type Arrived = TimedRequest & { readonly atMs: number };

export class RecordedRequests {
  readonly #options: RebuildOptions;
  readonly #auctions: RecordedAuctions;
  #notRebuilt = 0;

  constructor(options: RebuildOptions) {
    this.#options = options;
    this.#auctions = new RecordedAuctions(options.events, options.window);
  }

  get tally(): RequestTally {
    return { ...this.#auctions.tally, notRebuilt: this.#notRebuilt };
  }

  /** Of all logs together: engines that ran side by side are heard side by side. */
  async *read(): AsyncGenerator<TimedRequest, void, undefined> {
    const logs = this.#options.events.logs.map((log) => inOrder(this.#requestsOf(log)));
    const heads: { readonly next: Arrived; readonly log: AsyncIterator<Arrived> }[] = [];
    const advance = async (log: AsyncIterator<Arrived>): Promise<void> => {
      const { value, done } = await log.next();
      if (done !== true) heads.push({ next: value, log });
    };
    for (const log of logs) await advance(log);
    while (heads.length > 0) {
      let first = 0;
      for (let i = 1; i < heads.length; i++) if (heads[i]!.next.atMs < heads[first]!.next.atMs) first = i;
      const [{ next, log }] = heads.splice(first, 1) as [(typeof heads)[number]];
      yield next;
      await advance(log);
    }
  }

  async *#requestsOf(log: RecordedEvents['logs'][number]): AsyncGenerator<Arrived, void, undefined> {
    const { isTest, networkAllowanceMs } = this.#options;
    for await (const { event, source, position } of this.#auctions.readLog(log)) {
      const { requestId, features, input, atMs, timings } = event;
      if (input === null) {
        this.#notRebuilt += 1;
        continue;
      }
      const of = { requestId, features, terms: termsOf(input), isTest: isTest || event.isTest };
      const tmax = Math.max(1, Math.round(timings.deadlineAtMs + networkAllowanceMs));
      yield { atMs, body: JSON.stringify({ ...rebuiltRequest(of), tmax }), place: `${source}, ${position}` };
    }
  }
}

/** By arrival: what is stored behind others that arrived later is held back for it. */
async function* inOrder(requests: AsyncIterable<Arrived>): AsyncGenerator<Arrived, void, undefined> {
  const held: Arrived[] = [];
  for await (const request of requests) {
    let at = held.length;
    while (at > 0 && held[at - 1]!.atMs > request.atMs) at -= 1;
    held.splice(at, 0, request);
    let ready = 0;
    const safeMs = held.at(-1)!.atMs - REORDER_MS;
    while (ready < held.length && (held[ready]!.atMs <= safeMs || held.length - ready > REORDER_MAX)) ready += 1;
    yield* held.splice(0, ready);
  }
  yield* held;
}
