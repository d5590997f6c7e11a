/** Campaigns of our own: database, ledger, stores and the desk that sells from them. */
import { type CampaignDesk, type KnownFunds, spawnCampaignDesk } from '../actors/campaign-desk.ts';
import type { ActorParent } from '../actors/mailbox.ts';
import { BudgetMemory, createEmbeddedBudgetStore } from '../adapters/budget-store/budget-store.embedded.ts';
import { openRedisBudgetStore } from '../adapters/budget-store/budget-store.redis.ts';
import { createEmbeddedFrequencyStore } from '../adapters/frequency/frequency-store.embedded.ts';
import { openRedisFrequencyStore } from '../adapters/frequency/frequency-store.redis.ts';
import { refusingUnlinkedUsers } from '../adapters/frequency/refusing-unlinked-users.ts';
import { userKey, userKeyOf } from '../adapters/frequency/user-key.ts';
import type { BudgetMetrics, BudgetOperation } from '../adapters/metrics/budget-metrics.ts';
import type { UnlinkedUsers } from '../adapters/privacy/unlinked-users.ts';
import { DESK_DRAIN_MS } from '../adapters/process/drain-budget.ts';
import { heldForMs } from '../config/tracking.ts';
import type { CampaignsConfig } from '../config/types.ts';
import type { AccountPlan } from '../engine/budget/account-plan.ts';
import { FrequencyCaps } from '../engine/budget/frequency/frequency-caps.ts';
import { LEASE_POLICY_DEFAULTS } from '../engine/budget/lease-policy.ts';
import { PACING_CONTROLLERS } from '../engine/budget/pacing/controllers.ts';
import {
  type BillingCounts,
  billOutcomes,
  countsOf,
  type OutcomeBillingOptions,
} from '../engine/desk/outcome-billing.ts';
import type { Outcome } from '../engine/estimation/quality/awaited-outcomes.ts';
import type { Purchase } from '../engine/exchange/purchases.ts';
import type { BudgetLedger } from '../engine/ports/budget-ledger.ts';
import type { BudgetStore } from '../engine/ports/budget-store.ts';
import type { CampaignStore } from '../engine/ports/campaign-store.ts';
import type { DeliveryReports } from '../engine/ports/delivery-reports.ts';
import type { FrequencyStore } from '../engine/ports/frequency-store.ts';
import type { TrafficMemories } from '../engine/ports/traffic-memories.ts';
import type { Books } from './books.ts';
import { type CampaignBooks, openBooks } from './campaign-books.ts';
import { keepTraffic, watchMoney } from './campaign-watch.ts';
import type { CapsOfUsers } from './deletions.ts';
import { type Parts, supervisorOf } from './parts.ts';
import { randomTag } from './random-tag.ts';
import { REDIS_TIMEOUTS_MS } from './redis-timeouts.ts';
import { repeat } from './repeat.ts';
import { startRecovery } from './reservation-recovery.ts';

export interface Campaigns {
  readonly desk: CampaignDesk;
  readonly books: CampaignBooks;
  readonly ledger: BudgetLedger;
  readonly caps: CapsOfUsers;
  readonly signalOf: CampaignDesk['signalOf'];
  /** Behind the answer of each auction. */
  readonly auctionEnded: CampaignDesk['auctionEnded'];
  /** Rejects when the ledger cannot be reached, or has no room for some that wait: the outcomes may be reported again. */
  readonly bill: (outcomes: readonly Outcome[]) => Promise<BillingCounts>;
  /** Part of `GET /status`. */
  readonly status: () => object;
}

/** Before all keys in Redis. */
const KEY_PREFIX = 'gavel:';
/** After the end of a lease what was won from it still reaches the ledger: a killed process never tells, a slow one is late. */
const LEASE_GRACE_MS = 60_000;
/** Who reports an outcome of a win that the ledger has not heard of is kept waiting for so long. */
const TOLD_MS_MAX = 3000;
const SWEEP_INTERVAL_MS = 5000;
const CHANGES_AT_ONCE = 2000;
const BUDGET_ACCOUNTS_MAX = 100_000;

/** What is known of auctions that this process, and those before it in its data folder, have run. */
export interface PastAuctions {
  /** Whether this process has run it, in this life. */
  readonly isOwn: (auctionId: string) => boolean;
  /** Folders of event logs. */
  readonly eventFolders: readonly string[];
}

/** Users who are deleted. */
export interface DeletedUsers {
  readonly unlinked: Pick<UnlinkedUsers, 'has' | 'size'>;
}

/** Null: not enabled. Rejects when the database cannot be had, or a Redis might evict what it is told. */
export async function openCampaigns(
  parts: Parts,
  parent: ActorParent,
  { isOwn, eventFolders, unlinked }: PastAuctions & DeletedUsers,
): Promise<Campaigns | null> {
  const { config, clock, timers, entropy, closing, log } = parts;
  const { campaigns } = config;
  if (!campaigns.enabled) return null;
  const metrics = parts.metrics.budgets();
  const onFault = (operation: BudgetOperation, err: unknown): void => {
    metrics.onFault(operation);
    log.warn({ operation, err }, 'campaigns: a call failed');
  };
  const processId = `${parts.processName}-${randomTag(entropy)}`;
  const books = await openBooks(parts);
  const { store, reports } = books;
  const { traffic } = books.delivery;
  const { feePpm } = campaigns;
  const ledger = books.openLedger({
    processId,
    billingHorizonMs: LEASE_GRACE_MS,
    feePpm,
    backlog: {
      maxMs: campaigns.held.backlogMs,
      onOverrun: (reservations, bookedUntilMs) => {
        metrics.onHeldOverrun(reservations);
        log.error({ reservations, bookedUntilMs }, 'campaigns: holds have ended before their events were booked');
      },
    },
  });
  const budgets = await openBudgetStore(parts);
  closing(() => budgets.close());
  const frequencies = refusingUnlinkedUsers(await openFrequencyStore(parts), (user) => unlinked.has(user));
  closing(() => frequencies.close());
  const { unknownUser, silentStore, lifetimeMs } = campaigns.frequency;
  const capSecret = campaigns.frequency.secret || entropy.newId();
  const desk = spawnCampaignDesk(parent, {
    rules: {
      currencies: config.currencies,
      currency: config.exchange.currency,
      priors: { clicks: config.estimation.clickPriors, conversions: config.estimation.conversionPriors },
      playbackPoints: config.events.tracking.baseUrl === '' ? null : config.events.tracking.playback,
    },
    leasePolicy: LEASE_POLICY_DEFAULTS,
    pacing: { campaigns: PACING_CONTROLLERS[campaigns.pacing], guaranteed: PACING_CONTROLLERS.pid },
    caps: new FrequencyCaps(frequencies, { unknownUser, silentStore }),
    heldMs: (purchase) => heldMs(purchase, campaigns.held),
    heldShareMin: campaigns.held.shareMin,
    processId,
    store: budgets,
    ledger,
    userOf: (request) =>
      unlinked.size > 0 && unlinked.has(userKeyOf(request, config.events.userSecret))
        ? null
        : userKeyOf(request, capSecret),
    capLifetimeMs: lifetimeMs,
    readFunds: (plans, isNew) =>
      readFunds(plans, { ledger, reports, clock, newcomers: isNew ? { shares: budgets, traffic } : null, processId }),
    pacingIntervalMs: campaigns.pacingIntervalMs,
    newRequestId: entropy.newId,
    clock,
    timers,
    supervisor: supervisorOf(parts),
    observer: {
      ...observerOf(metrics, onFault),
      onReservationSetAside: (reservation, err) => {
        metrics.onReservationSetAside();
        log.error({ reservation, err }, 'campaigns: the ledger refuses a win, nobody is billed for it');
      },
      onReportsBilled: (results) => metrics.onBilled(countsOf(results)),
      onMailDropped: () => parts.metrics.mailboxDropped('campaign-desk', 'refuse-newest'),
    },
  });
  closing(() => desk.stop(DESK_DRAIN_MS));
  metrics.readFrom(desk.figures);
  keepTraffic(parts, desk, traffic, (error) => onFault('traffic', error));
  const alerts = watchMoney(parts, { desk, books, metrics, billingHorizonMs: LEASE_GRACE_MS, onFault });
  const refresh = await startRefresh(parts, store, desk, (error) => onFault('refresh', error));
  sweepUntilEnd(parts, {
    ledger,
    books,
    onForgotten: metrics.onReportsForgotten,
    onFault: (error) => onFault('sweep', error),
  });
  await startRecovery(parts, {
    leaseGraceMs: LEASE_GRACE_MS,
    eventFolders,
    ledger,
    onBilled: (results) => metrics.onBilled(countsOf(results)),
    onFault: (error) => onFault('reserve', error),
  });
  const billing: OutcomeBillingOptions = {
    ledger,
    whenTold: (concerns) => desk.whenTold(TOLD_MS_MAX, concerns),
    isOwn,
    onSetAside: (key, err) => log.error({ key, err }, 'campaigns: the ledger refuses a report'),
    nowMs: clock.wallMs,
  };
  return {
    desk,
    books,
    ledger,
    caps: { store: frequencies, keyOf: (userId) => userKey(userId, capSecret) },
    signalOf: desk.signalOf,
    auctionEnded: desk.auctionEnded,
    bill: async (outcomes) => {
      try {
        const counts = await billOutcomes(outcomes, billing);
        metrics.onBilled(counts);
        if (counts.refused > 0) throw new Error(`no room for ${counts.refused} that nobody knows yet; report again`);
        return counts;
      } catch (error) {
        onFault('bill', error);
        throw error;
      }
    },
    status: () => ({ ...desk.figures(), bookings: refresh.isFailing() ? 'stale' : 'ok', alerts: alerts() }),
  };
}

interface Sweeping {
  readonly ledger: Pick<BudgetLedger, 'sweep'>;
  readonly books: Pick<Books, 'nowMs'>;
  readonly onForgotten: (reports: number) => void;
  readonly onFault: (error: unknown) => void;
}

/** When the database comes back, engines whose events wait get an interval to say so before anything ends. */
function sweepUntilEnd(parts: Parts, { ledger, books, onForgotten, onFault }: Sweeping): void {
  let isBack = true;
  repeat(parts, SWEEP_INTERVAL_MS, async () => {
    try {
      if (isBack) onForgotten((await ledger.sweep(parts.clock.wallMs())).reports);
      else await books.nowMs();
      isBack = true;
    } catch (error) {
      isBack = false;
      onFault(error);
    }
  });
}

async function openBudgetStore({ config, clock, log, stores }: Parts): Promise<BudgetStore> {
  const { redisUrl } = config.campaigns;
  if (stores.budgets !== undefined) return stores.budgets;
  if (redisUrl === '') return createEmbeddedBudgetStore({ clock, memory: new BudgetMemory(BUDGET_ACCOUNTS_MAX) });
  return openRedisBudgetStore({
    url: redisUrl,
    keyPrefix: KEY_PREFIX,
    commandTimeoutMs: REDIS_TIMEOUTS_MS.budgets,
    onError: (err) => log.warn({ err }, 'campaigns: Redis with budgets'),
  });
}

async function openFrequencyStore({ config, clock, log, stores }: Parts): Promise<FrequencyStore> {
  const { redisUrl, frequency } = config.campaigns;
  if (stores.frequencies !== undefined) return stores.frequencies;
  if (redisUrl === '') return createEmbeddedFrequencyStore({ usersMax: frequency.usersMax, clock });
  return openRedisFrequencyStore({
    url: redisUrl,
    keyPrefix: KEY_PREFIX,
    commandTimeoutMs: REDIS_TIMEOUTS_MS.frequencies,
    onError: (err) => log.warn({ err }, 'campaigns: Redis with frequencies'),
  });
}

function heldMs({ billedBy, media }: Purchase, held: CampaignsConfig['held']): number {
  return heldForMs(billedBy, media, held);
}

interface FundsSources {
  readonly ledger: Pick<BudgetLedger, 'figures'>;
  readonly reports: Pick<DeliveryReports, 'spentOnDay'>;
  readonly clock: Parts['clock'];
  /** What part of the traffic is ours, and what is known of it, is asked for newcomers only. */
  readonly newcomers: {
    readonly shares: Pick<BudgetStore, 'shares'>;
    readonly traffic: Pick<TrafficMemories, 'read'>;
  } | null;
  readonly processId: string;
}

async function readFunds(plans: readonly AccountPlan[], sources: FundsSources): Promise<readonly KnownFunds[]> {
  const { ledger, reports, clock, newcomers, processId } = sources;
  const accountIds = plans.map(({ accountId }) => accountId);
  const byDay = plans.filter(({ dailyBudget }) => dailyBudget !== null).map(({ accountId }) => accountId);
  const [figures, spentToday, traffic] = await Promise.all([
    ledger.figures(accountIds),
    byDay.length === 0 ? new Map<string, bigint>() : reports.spentOnDay(byDay, clock.wallMs()),
    newcomers?.traffic.read(accountIds),
  ]);
  const dailyBudgets = new Map(plans.map(({ accountId, dailyBudget }) => [accountId, dailyBudget]));
  return Promise.all(
    figures.map(async ({ accountId, budget, spent, reserved }) => {
      const daily = dailyBudgets.get(accountId) ?? null;
      return {
        accountId,
        unspent: notNegative(budget - spent - reserved),
        unspentToday: daily === null ? null : notNegative(daily - (spentToday.get(accountId) ?? 0n)),
        budget: Number(budget),
        share: newcomers === null ? 0 : await shareOf(newcomers.shares, accountId, processId),
        traffic: traffic?.get(accountId) ?? null,
      };
    }),
  );
}

/** Of a newcomer, one more than those that are there. Unknown: as if alone; the first minutes tell. */
async function shareOf(store: Pick<BudgetStore, 'shares'>, accountId: string, processId: string): Promise<number> {
  try {
    const shares = await store.shares(accountId);
    return shares.get(processId) ?? 1 / (shares.size + 1);
  } catch {
    return 1;
  }
}

function notNegative(amount: bigint): number {
  return Math.max(0, Number(amount));
}

function observerOf(metrics: BudgetMetrics, onFault: (operation: BudgetOperation, error: unknown) => void) {
  return {
    onFault,
    onDeskFault: onFault,
    onFenced: metrics.onFenced,
    onReturnDropped: metrics.onReturnDropped,
    onLeaseAnswer: metrics.onLeaseAnswer,
    onReserved: metrics.onReserved,
  };
}

/** Resolves once all bookings of now are known; later ones come by themselves. */
async function startRefresh(
  parts: Parts,
  store: CampaignStore,
  desk: CampaignDesk,
  onFault: (error: unknown) => void,
): Promise<{ readonly isFailing: () => boolean }> {
  let sequence = 0;
  let isFailing = false;
  const refresh = async (): Promise<void> => {
    for (;;) {
      const changes = await store.changesSince(sequence, CHANGES_AT_ONCE);
      if (changes.length === 0) return;
      desk.booked(changes);
      sequence = changes.at(-1)!.sequence;
    }
  };
  await refresh();
  repeat(parts, parts.config.campaigns.refreshIntervalMs, async () => {
    try {
      await refresh();
      isFailing = false;
    } catch (error) {
      isFailing = true;
      onFault(error);
    }
  });
  return { isFailing: () => isFailing };
}
