/**
 * The coalescing mailbox in front of a nact actor.
 *
 * nact runs one message per event-loop turn and copies the child map for each, 2-3 us in all. Here mail goes into the
 * actor's own queue and one nact message per batch wakes it, so a message costs 0.1-0.2 us. Mail that needs no reaction
 * at once is posted: it lies in the queue until somebody tells, or until `wakeAtLength` messages lie there.
 *
 * nact mailboxes have no bound; this one has, with a named overflow policy and a counter. A reference to a stopped actor
 * is silent in nact; here `tell` and `post` return false, so the sender can count what came too late.
 *
 * The state is kept here, not in nact, and a stopped actor lets go of it. nact keeps children in a `Map`; V8 chains the
 * tables that a `Map` outgrows, so that once one of them is in the old generation all later ones live until the next full
 * collection, and with them every actor that was in them (docs/performance.md).
 */
import nact from 'nact';
import type { Clock } from '../engine/ports/clock.ts';
import type { Supervisor } from './supervision.ts';

/** What happens to mail for a full mailbox: the new message is refused, or the oldest one makes room. */
export type OverflowPolicy = 'refuse-newest' | 'drop-oldest';

/** Address of an actor that takes messages of type M. Unlike nact's `Ref`, not assignable between message types. */
export interface Mailbox<M> {
  readonly name: string;
  /** Queues and wakes the actor. False: stopped, or refused by the overflow policy. */
  readonly tell: (message: M) => boolean;
  /** Queues without waking, unless `wakeAtLength` is reached. */
  readonly post: (message: M) => boolean;
  /** Number of queued messages at which `post` wakes the actor; Infinity = never. */
  wakeAtLength: number;
  readonly length: () => number;
  /** No message is handled after this returns; queued mail is dropped (`onUnhandled`). */
  readonly stop: () => void;
}

export interface ActorDefinition<S, M> {
  readonly name: string;
  /** Called at start and again after each restart by the supervisor. */
  readonly initialState: () => S;
  /** Changes or replaces the state; performs effects. Must not await. */
  readonly handle: (state: S, message: M, nowMs: number) => S;
  readonly supervisor: Supervisor;
  /** Largest number of queued messages. */
  readonly lengthMax: number;
  readonly overflow: OverflowPolicy;
  readonly onOverflow?: (policy: OverflowPolicy) => void;
  /** Mail that was taken and will not be handled, because the actor has stopped. */
  readonly onUnhandled?: (message: M) => void;
}

export type ActorParent = nact.ActorSystemRef | nact.Ref<unknown>;

type SupervisionDecision = nact.SupervisionContext<symbol, never>['stop' | 'reset'];

const WAKE = Symbol('wake');

export function spawnActor<S, M>(parent: ActorParent, clock: Clock, definition: ActorDefinition<S, M>): Mailbox<M> {
  const box = new CoalescingMailbox<S, M>(clock, definition);
  box.start(parent);
  return box;
}

/** A parent for many short-lived actors. It never gets mail, because each message would copy its child map. */
export function spawnParent(system: nact.ActorSystemRef, name: string): ActorParent {
  return nact.spawnStateless(system as never, () => {}, name) as nact.Ref<unknown>;
}

class CoalescingMailbox<S, M> implements Mailbox<M> {
  readonly name: string;
  wakeAtLength = Number.POSITIVE_INFINITY;
  readonly #clock: Clock;
  /** Null: stopped, and no message is under way. */
  #definition: ActorDefinition<S, M> | null;
  #state: S | null = null;
  #reference: nact.Ref<symbol> | null = null;
  /** Filled by senders while the batch taken from it is handled. */
  #queue: M[] = [];
  #awake = false;

  constructor(clock: Clock, definition: ActorDefinition<S, M>) {
    this.name = definition.name;
    this.#clock = clock;
    this.#definition = definition;
  }

  /** What is passed to nact must hold nothing but this mailbox: nact never lets go of it. */
  start(parent: ActorParent): void {
    this.#reference = nact.spawn(parent as never, () => this.#drain(), this.name, {
      initialStateFunc: () => this.#begin(),
      onCrash: (_message: unknown, error: Error | undefined, context: nact.SupervisionContext<symbol, never>) =>
        this.#decide(error, context),
      afterStop: () => this.#letGo(),
    } as never) as nact.Ref<symbol>;
  }

  readonly tell = (message: M): boolean => {
    if (!this.#enqueue(message)) return false;
    this.#wake();
    return true;
  };

  readonly post = (message: M): boolean => {
    if (!this.#enqueue(message)) return false;
    if (this.#queue.length >= this.wakeAtLength) this.#wake();
    return true;
  };

  readonly length = (): number => this.#queue.length;

  readonly stop = (): void => {
    if (this.#reference === null) return;
    const reference = this.#reference;
    const dropped = this.#queue;
    this.#reference = null;
    this.#queue = [];
    nact.stop(reference);
    this.#drop(dropped, 0);
  };

  #enqueue(message: M): boolean {
    if (this.#reference === null) return false;
    const { lengthMax, overflow, onOverflow } = this.#definition!;
    if (this.#queue.length >= lengthMax) {
      onOverflow?.(overflow);
      if (overflow === 'refuse-newest') return false;
      this.#queue.shift();
    }
    this.#queue.push(message);
    return true;
  }

  #wake(): void {
    if (this.#awake || this.#reference === null) return;
    this.#awake = true;
    nact.dispatch(this.#reference, WAKE);
  }

  #begin(): void {
    this.#state = this.#definition!.initialState();
  }

  #drain(): void {
    const batch = this.#queue;
    const { handle } = this.#definition!;
    this.#queue = [];
    this.#awake = false;
    const nowMs = this.#clock.monotonicMs();
    let index = 0;
    try {
      for (; index < batch.length && this.#reference !== null; index++) {
        this.#state = handle(this.#state as S, batch[index] as M, nowMs);
      }
    } catch (error) {
      this.#keepUnhandled(batch, index + 1);
      throw error;
    }
    this.#drop(batch, index);
  }

  #drop(mail: readonly M[], from: number): void {
    const onUnhandled = this.#definition?.onUnhandled;
    if (onUnhandled === undefined) return;
    for (let index = from; index < mail.length; index++) onUnhandled(mail[index]!);
  }

  #decide(error: Error | undefined, context: nact.SupervisionContext<symbol, never>): SupervisionDecision {
    const decision = this.#definition!.supervisor.decide(this.name, error, this.#clock.monotonicMs());
    if (decision !== 'stop') return context.reset;
    this.#reference = null;
    return context.stop;
  }

  /** In a turn of its own after the stop: whoever stops itself may still throw, and is judged for it. */
  #letGo(): void {
    this.#reference = null;
    this.#definition = null;
    this.#state = null;
    this.#queue = [];
  }

  /** The message that threw is lost with its effects; the rest of its batch is handled after the restart. */
  #keepUnhandled(batch: M[], from: number): void {
    if (this.#reference === null) {
      this.#drop(batch, from);
      return;
    }
    if (from >= batch.length) return;
    this.#queue = batch.slice(from).concat(this.#queue);
    this.#wake();
  }
}
