/** One DSP called from an event loop that is blocked now and then, in simulated time: for tests. */
import type { Random } from '../../ports/random.ts';
import { LoopDelayWindow } from '../../traffic/admission/loop-delay-window.ts';
import { createDspHealth, type DspCallDecision, type DspHealth, decide, record } from '../dsp-health.ts';
import { type Behaviour, OPTIONS } from './simulate-dsp.ts';

const TICK_MS = 10;
/** As in `adapters/dsp/deadline-queue.ts`. */
const BEHIND_MS = 2;
const REQUEST_EVERY_MS = 5;

/** The loop is blocked for `blockMs`, then free for `freeMs`, and so on; each up to half as long again, at random. */
export interface Blocks {
  readonly blockMs: number;
  readonly freeMs: number;
}

interface Call {
  readonly decision: DspCallDecision;
  readonly calledAtMs: number;
  readonly arrivesAtMs: number;
}

export class BlockedLoop {
  readonly health: DspHealth = createDspHealth(OPTIONS, 0);
  nowMs = 0;
  offered = 0;
  called = 0;
  awaited = 0;
  readonly #blocks: Blocks;
  readonly #random: Random;
  readonly #window = new LoopDelayWindow({ windowMs: 100, toleranceMs: 1, blockedMsMin: 10 });
  #tickDueMs = 0;
  #requestDueMs = 0;
  #freeUntilMs = 0;
  #calls: Call[] = [];

  constructor(blocks: Blocks, random: Random) {
    this.#blocks = blocks;
    this.#random = random;
  }

  run(durationMs: number, behaviour: Behaviour): void {
    this.offered = 0;
    this.called = 0;
    this.awaited = 0;
    for (const untilMs = this.nowMs + durationMs; this.nowMs < untilMs; this.nowMs++) {
      if (this.nowMs >= this.#freeUntilMs) this.#block();
      this.#turn(behaviour);
    }
  }

  #block(): void {
    const { blockMs, freeMs } = this.#blocks;
    this.nowMs += Math.round(blockMs * (1 + this.#random() / 2));
    this.#freeUntilMs = this.nowMs + Math.round(freeMs * (1 + this.#random() / 2));
  }

  /** Timers first; but what is late with its deadlines reads the sockets before it lets anything expire. */
  #turn(behaviour: Behaviour): void {
    if (this.nowMs >= this.#tickDueMs) {
      this.#tickDueMs = this.nowMs + TICK_MS;
      this.#window.ticked(this.nowMs, this.#tickDueMs);
    }
    const firstMs = Math.min(...this.#calls.map(deadlineOf));
    if (this.nowMs - firstMs > BEHIND_MS) this.#read();
    this.#expire();
    this.#read();
    for (; this.#requestDueMs <= this.nowMs; this.#requestDueMs += REQUEST_EVERY_MS) this.#offer(behaviour);
  }

  #read(): void {
    this.#take(
      ({ arrivesAtMs }) => arrivesAtMs <= this.nowMs,
      (call) => this.#record(call, false),
    );
  }

  #expire(): void {
    this.#take(
      (call) => deadlineOf(call) <= this.nowMs,
      (call) => this.#record(call, true),
    );
  }

  #take(isDue: (call: Call) => boolean, end: (call: Call) => void): void {
    const due = this.#calls.filter(isDue);
    this.#calls = this.#calls.filter((call) => !due.includes(call));
    for (const call of due) end(call);
  }

  #record(call: Call, isTimeout: boolean): void {
    const { timeoutMs, isProbe } = call.decision;
    const blockedMs = isTimeout
      ? this.#window.blockedMsBetween(call.calledAtMs, call.calledAtMs + timeoutMs, this.nowMs)
      : 0;
    const result = isTimeout ? 'timeout' : 'no-bid';
    const latencyMs = this.nowMs - call.calledAtMs;
    const outcome = { result, latencyMs, timeoutMs, isProbe, isLocalFault: false, blockedMs } as const;
    record(this.health, outcome, this.nowMs, this.#random);
  }

  #offer(behaviour: Behaviour): void {
    this.offered += 1;
    const decision = decide(this.health, this.nowMs, 100, this.#random);
    if (decision.kind === 'skip') return;
    this.called += 1;
    if (decision.isAwaited) this.awaited += 1;
    const { latencyMs } = behaviour(this.nowMs, this.#random);
    this.#calls.push({ decision, calledAtMs: this.nowMs, arrivesAtMs: this.nowMs + latencyMs });
  }
}

function deadlineOf({ calledAtMs, decision }: Call): number {
  return calledAtMs + decision.timeoutMs;
}
