/** Fetches markup from win notice URLs, under the same host rules as notices (docs/notices.md). */
import type { Clock, Timers } from '../../engine/ports/clock.ts';
import type { MarkupFetcher, MarkupOutcome } from '../../engine/ports/markup-fetcher.ts';
import type { HostResolvers } from '../dns/host-resolvers.ts';
import { createGuardedHttp, type GetOutcome, type GuardedHttp, type GuardedHttpOptions } from './guarded-http.ts';

export interface MarkupFetcherOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly allowedHosts: readonly string[];
  readonly resolvers: HostResolvers;
  /** A fetch was refused: `FETCHES_MAX` are under way. */
  readonly onRefused: () => void;
  readonly openHttp?: (options: GuardedHttpOptions) => GuardedHttp;
}

/** Markup beyond this is no creative. */
const MARKUP_BYTES_MAX = 256 * 1024;
const CONNECTIONS_PER_ORIGIN = 16;
/** Under way in all; each may hold a connection and its markup. Overflow policy `refuse-newest`. */
export const FETCHES_MAX = 256;
const NOT_SENT: MarkupOutcome = { kind: 'not-sent' };
const FAILED: MarkupOutcome = { kind: 'failed' };

export interface ClosableMarkupFetcher extends MarkupFetcher {
  readonly close: () => Promise<void>;
}

export function createMarkupFetcher(options: MarkupFetcherOptions): ClosableMarkupFetcher {
  const http = (options.openHttp ?? createGuardedHttp)({
    timers: options.timers,
    allowedHosts: options.allowedHosts,
    resolvers: options.resolvers,
    bodyBytesMax: MARKUP_BYTES_MAX,
    connectionsPerOrigin: CONNECTIONS_PER_ORIGIN,
  });
  let underWay = 0;
  const isRefused = (): boolean => {
    if (underWay < FETCHES_MAX) return false;
    options.onRefused();
    return true;
  };
  return {
    fetch(url, deadlineAtMs, onMarkup) {
      const timeoutMs = deadlineAtMs - options.clock.monotonicMs();
      if (timeoutMs <= 0 || isRefused()) {
        queueMicrotask(() => onMarkup(NOT_SENT));
        return;
      }
      underWay += 1;
      void http.getText(url, timeoutMs).then((outcome) => {
        underWay -= 1;
        onMarkup(markupOutcome(outcome));
      });
    },
    close: http.destroy,
  };
}

function markupOutcome(outcome: GetOutcome): MarkupOutcome {
  if (outcome.kind === 'refused') return NOT_SENT;
  if (outcome.kind !== 'answered' || outcome.status !== 200 || outcome.text === null) return FAILED;
  return { kind: 'fetched', markup: outcome.text };
}
