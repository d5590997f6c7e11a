/** A consumer over books of their own, fed by hand. */
import { BillingConsumer, type BillingObserver } from '../../../engine/events/billing-consumer.ts';
import type { OutcomeEvent } from '../../../engine/events/outcome-events.ts';
import { encodeEvent } from '../../../engine/events/read-event.ts';
import type { Booked, DeadLetter, EventBooks } from '../../../engine/ports/event-books.ts';
import type { EventBatch, SourcedEvent } from '../../../engine/ports/event-source.ts';
import type { Database } from '../database.ts';
import { type EventBooksOptions, openEventBooks } from '../event-books.ts';
import { FEE_PPM, START_MS } from './world.ts';

export const BILLABLE_MS = 86_400_000;

export function openTestBooks(
  database: Database,
  source: string,
  copyDeadLetters: EventBooksOptions['copyDeadLetters'] = async () => {},
): EventBooks {
  return openEventBooks(database, {
    source,
    feePpm: FEE_PPM,
    nowMs: () => START_MS,
    copyDeadLetters,
  });
}

export class TestConsumer {
  readonly booked: Booked[] = [];
  readonly setAside: DeadLetter[] = [];
  readonly late: string[] = [];
  fenced = 0;
  readonly consumer: BillingConsumer;

  constructor(books: EventBooks) {
    const observer: BillingObserver = {
      onBooked: (_, booked) => this.booked.push(booked),
      onLate: (payers) => this.late.push(...payers),
      onSetAside: (letter) => this.setAside.push(letter),
      onFenced: () => {
        this.fenced += 1;
      },
      onFailure: () => {},
    };
    this.consumer = new BillingConsumer({
      books,
      billableForMs: () => BILLABLE_MS,
      observer,
    });
  }

  /** Of bills and of receivables, in order. */
  results(): string[] {
    return this.booked.flatMap(({ bills, receivables }) => [...bills, ...receivables]);
  }

  async takeAll(events: readonly SourcedEvent[], batchSize: number): Promise<void> {
    const from = (await this.consumer.positionOf(0)) ?? 0;
    const rest = events.filter(({ offset }) => offset >= from);
    for (let at = 0; at < rest.length; at += batchSize) await this.take(rest.slice(at, at + batchSize));
  }

  take(events: readonly SourcedEvent[]): Promise<void> {
    const batch: EventBatch = { partition: 0, events };
    return this.consumer.handle(batch);
  }
}

export function sourced(event: OutcomeEvent, offset: number): SourcedEvent {
  return rawSourced(encodeEvent(event), offset, event.type);
}

export function rawSourced(payload: Uint8Array, offset: number, type: string): SourcedEvent {
  return { offset, id: `0:${offset}`, key: null, type, payload };
}
