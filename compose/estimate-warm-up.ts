/** Warming up the caches of predictions from the event log of a data folder. */
import { type EstimateWarmUpOptions, warmUpEstimates } from '../actors/estimate-warm-up.ts';
import { readNewestEvents } from '../adapters/event-log/reader.ts';
import type { WarmUpFigures } from '../adapters/metrics/remote-model-metrics.ts';
import type { Parts } from './parts.ts';

export interface WarmUpParts
  extends Pick<EstimateWarmUpOptions, 'rates' | 'model' | 'isFound' | 'cached' | 'estimator'> {
  readonly onWarmedUp: (figures: WarmUpFigures) => void;
}

/** Gives what warms up from the event log in a folder. It never rejects. */
export function openWarmUp(
  { config, clock, timers, log }: Parts,
  { onWarmedUp, ...parts }: WarmUpParts,
): (eventFolder: string) => Promise<void> {
  const { clickPriors, conversionPriors, model } = config.estimation;
  const { warmUpMs, warmUpRowsMax } = model.cache;
  if (warmUpMs === 0) return async () => {};
  return async (eventFolder) => {
    const figures = await warmUpEstimates({
      ...parts,
      events: readNewestEvents(eventFolder),
      priors: { clicks: clickPriors, conversions: conversionPriors },
      timeMs: warmUpMs,
      rowsMax: warmUpRowsMax,
      batchRowsMax: model.remote.batchRowsMax,
      callsMax: model.remote.callsMax,
      clock,
      timers,
      onUnreadable: (err) => log.warn({ err }, 'event log could not be read to warm up caches of predictions'),
    });
    if (figures === null) {
      log.warn('caches of predictions are not warmed up: no model server');
      return;
    }
    onWarmedUp(figures);
    log.info(figures, 'caches of predictions warmed up');
  };
}
