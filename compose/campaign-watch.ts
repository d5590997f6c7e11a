/** What is done about campaigns beside selling: people are told of what goes wrong, and what was learned is kept. */
import type { CampaignDesk } from '../actors/campaign-desk.ts';
import type { MoneySurvey } from '../adapters/ledger/money-survey.ts';
import type { BudgetMetrics, BudgetOperation } from '../adapters/metrics/budget-metrics.ts';
import type { Alert, DeliveryAlerts } from '../engine/desk/delivery-alerts.ts';
import type { TrafficMemories } from '../engine/ports/traffic-memories.ts';
import type { Books } from './books.ts';
import type { Parts } from './parts.ts';
import { repeat } from './repeat.ts';

const SURVEY_INTERVAL_MS = 15_000;
/** Traffic is learned once in a quarter of an hour: ten thousand accounts are kept in about so long. */
const KEPT_AT_ONCE = 32;
const KEEP_INTERVAL_MS = 3000;
/** Of the time that the end of a process may take. */
const KEEP_AT_END_MS = 1000;

export interface MoneyWatch {
  readonly desk: Pick<CampaignDesk, 'alerts'>;
  readonly books: Pick<Books, 'surveyMoney'>;
  readonly metrics: Pick<BudgetMetrics, 'readSharedFrom'>;
  /** Of the ledger. */
  readonly billingHorizonMs: number;
  readonly onFault: (operation: BudgetOperation, error: unknown) => void;
}

/** Gives what is wrong now, for `GET /status`. */
export function watchMoney(
  parts: Parts,
  { desk, books, metrics, billingHorizonMs, onFault }: MoneyWatch,
): () => DeliveryAlerts {
  const { config, log } = parts;
  const alerts = (): DeliveryAlerts => desk.alerts(config.campaigns.alerts);
  let survey: MoneySurvey | null = null;
  let named = '';
  metrics.readSharedFrom(alerts, () => survey);
  repeat(parts, SURVEY_INTERVAL_MS, async () => {
    try {
      survey = await books.surveyMoney(billingHorizonMs);
    } catch (error) {
      onFault('survey', error);
    }
    const { lowBalance, underDelivery } = alerts();
    const names = JSON.stringify([lowBalance.accountIds, underDelivery.accountIds]);
    if (names !== named && isAny(lowBalance, underDelivery)) {
      log.warn({ lowBalance, underDelivery }, 'campaigns: somebody should look at these');
    }
    named = names;
  });
  return alerts;
}

function isAny(...alerts: readonly Alert[]): boolean {
  return alerts.some(({ count }) => count > 0);
}

/** A few accounts at a time, off the path; at the end what is left, as far as time allows. */
export function keepTraffic(
  parts: Parts,
  desk: Pick<CampaignDesk, 'takeLearned'>,
  traffic: Pick<TrafficMemories, 'keep'>,
  onFault: (error: unknown) => void,
): void {
  const { clock, closing } = parts;
  /** Whether there is more. What is not kept comes with its next quarter of an hour. */
  const keepSome = async (): Promise<boolean> => {
    const learned = desk.takeLearned(KEPT_AT_ONCE);
    if (learned.size === 0) return false;
    try {
      await traffic.keep(learned);
      return true;
    } catch (error) {
      onFault(error);
      return false;
    }
  };
  closing(async () => {
    const untilMs = clock.monotonicMs() + KEEP_AT_END_MS;
    while (clock.monotonicMs() < untilMs && (await keepSome()));
  });
  repeat(parts, KEEP_INTERVAL_MS, async () => {
    await keepSome();
  });
}
