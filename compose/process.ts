/** What the engine feels of its process, and the door that it keeps by it. */
import { AdmissionGate } from '../actors/admission-gate.ts';
import { watchHeap } from '../adapters/process/heap.ts';
import { type LoopDelayWatch, watchLoopDelay } from '../adapters/process/loop-delay.ts';
import { admissionOptions } from '../config/engine-options.ts';
import { rateBetween } from '../openrtb/currency.ts';
import type { Parts } from './parts.ts';

/** A heap this full for 2 s does not get better by itself. */
const HEAP_SHARE_RESTART = 0.92;

export interface ProcessWatch {
  readonly loop: LoopDelayWatch;
  /** Used part of the largest heap, 0..1. */
  readonly heapShare: () => number;
}

/** `onReplaceWanted`: the heap is nearly full and stays so; told once. */
export function watchProcess(
  { clock, timers, readHeapShare, metrics, log, closing }: Parts,
  onReplaceWanted: () => void,
): ProcessWatch {
  const loop = watchLoopDelay({ clock, timers });
  closing(async () => loop.stop());
  let isReplaceWanted = false;
  metrics.restartWanted(() => isReplaceWanted);
  const heap = watchHeap({
    timers,
    readShare: readHeapShare,
    restartShare: HEAP_SHARE_RESTART,
    onRestartWanted: (heapShare) => {
      isReplaceWanted = true;
      log.warn({ heapShare }, 'the heap is nearly full: this process is to be replaced');
      onReplaceWanted();
    },
  });
  closing(async () => heap.stop());
  return { loop, heapShare: heap.share };
}

/** Null: everybody is let in. */
export function openGate(parts: Parts, { loop, heapShare }: ProcessWatch): AdmissionGate | null {
  const { config, clock, timers, random, metrics, closing } = parts;
  if (!config.admission.enabled) return null;
  const { currencies, exchange } = config;
  const gate = new AdmissionGate({
    clock,
    timers,
    random,
    heapShare,
    loopDelayMs: loop.delayMs,
    admission: admissionOptions(config),
    dspIds: config.dsps.map(({ id }) => id),
    rateToExchange: (currency) => rateBetween(currencies, currency, exchange.currency) ?? 0,
    onShed: metrics.shed,
  });
  metrics.admission(gate.snapshot);
  closing(async () => gate.stop());
  return gate;
}
