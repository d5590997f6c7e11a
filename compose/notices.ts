import type { EventsActor } from '../actors/events-actor.ts';
import type { HostResolvers } from '../adapters/dns/host-resolvers.ts';
import { createMarkupFetcher } from '../adapters/notices/markup-fetcher.ts';
import { createNoticeSender, type QueuedNoticeSender } from '../adapters/notices/notice-sender.ts';
import { NOTICE_DRAIN_MS } from '../adapters/process/drain-budget.ts';
import { noticeEvent } from '../engine/events/auction-outcomes.ts';
import type { MarkupFetcher } from '../engine/ports/markup-fetcher.ts';
import type { Parts } from './parts.ts';

/** What one DSP may hold of the notice queue: a dead one must not fill it. */
const NOTICE_SHARE_PER_DSP_MAX = 0.1;

/** `events` null: what became of notices is counted, and no event. */
export function openNotices(
  { config, clock, timers, openGuardedHttp, metrics, closing }: Parts,
  resolvers: HostResolvers,
  events: Pick<EventsActor, 'record'> | null,
): QueuedNoticeSender {
  const { allowedHosts, queueLengthMax, concurrencyMax, timeoutMs } = config.notices;
  const notices = createNoticeSender({
    timers,
    openHttp: openGuardedHttp,
    resolvers,
    recorder: {
      noticeResult: (notice, result) => {
        metrics.noticeResult(notice.dspId, notice.kind, result);
        const event = noticeEvent(notice, result, clock.wallMs());
        if (event !== null && result !== 'retried') events?.record(event);
      },
    },
    allowedHosts,
    queueLengthMax,
    queueLengthPerDspMax: Math.ceil(queueLengthMax * NOTICE_SHARE_PER_DSP_MAX),
    inFlightMax: concurrencyMax,
    timeoutMs,
  });
  metrics.noticeQueueLength(notices.queueLength);
  closing(() => notices.close(NOTICE_DRAIN_MS));
  return notices;
}

export function openMarkupFetcher(
  { config, clock, timers, openGuardedHttp, metrics, closing }: Parts,
  resolvers: HostResolvers,
): MarkupFetcher {
  const markupFetcher = createMarkupFetcher({
    clock,
    timers,
    openHttp: openGuardedHttp,
    resolvers,
    allowedHosts: config.notices.allowedHosts,
    onRefused: () => metrics.queueRefused('markup-fetches'),
  });
  closing(markupFetcher.close);
  return markupFetcher;
}
