/** Tuned in simulation; docs/overload.md has the figures. Those of them that depend on the machine are configuration. */
import type { AdmissionOptions } from './admission.ts';

export const ADMISSION_DEFAULTS: AdmissionOptions = {
  concurrency: {
    limitInitial: 32,
    limitMin: 8,
    limitMax: 512,
    latencyRatioMax: 1.5,
    latencyMsFree: 4,
    growSmoothing: 0.1,
    shrinkSmoothing: 0.5,
    windowMs: 25,
    samplesMin: 10,
    baselineRiseMs: 300_000,
    baselineFallMs: 1000,
    baselineMsMax: 10,
  },
  pressure: { loopDelayMsMax: 20, queueAgeMsMax: 30, heapShareShed: 0.85 },
  zones: { smoothingMs: 200, hysteresis: 0.1, dwellMs: 1500 },
  burst: { creditMax: 128, refillMs: 2000 },
  values: { slots: 8192, memoryRequests: 256, priorRequests: 16 },
  valued: { quantile: 0.95, spanMs: 30_000, valuesMin: 200 },
};
