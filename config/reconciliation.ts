/** What the configuration says about reconciling (docs/reconciliation.md). */
import { MEDIA_TYPES, paidForMs } from './tracking.ts';
import type { Config } from './types.ts';

/** Whether those who bill reconcile each hour. */
export function isReconciling({ archive }: Pick<Config, 'archive'>): boolean {
  return archive.enabled && archive.reconcile;
}

const PAYERS = ['house', 'dsp'] as const;
const OUTCOMES = ['impression', 'click', 'conversion'] as const;

/** How long after its sale an ad is paid, ms, by `PAYER/OUTCOME/MEDIA`. */
export function paidWithinMs(config: Pick<Config, 'campaigns' | 'events'>): Readonly<Record<string, number>> {
  const within: Record<string, number> = {};
  for (const kind of PAYERS) {
    for (const billedBy of OUTCOMES) {
      for (const media of MEDIA_TYPES) {
        within[`${kind}/${billedBy}/${media}`] = paidForMs({ payer: { kind }, billedBy, media }, config);
      }
    }
  }
  return within;
}
