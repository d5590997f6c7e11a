/** Fetches markup from win notice URLs, under the same host rules as notices (docs/notices.md). */
import type { Clock, Timers } from '../../engine/ports/clock.ts';
import type { MarkupFetcher } from '../../engine/ports/markup-fetcher.ts';
import { type ResolveHost, resolveWithSystem } from './address-guard.ts';
import { createGuardedHttp } from './guarded-http.ts';

export interface MarkupFetcherOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly allowedHosts: readonly string[];
  readonly resolve?: ResolveHost;
}

/** Markup beyond this is no creative. */
const MARKUP_BYTES_MAX = 256 * 1024;
const CONNECTIONS_PER_ORIGIN = 16;

export interface ClosableMarkupFetcher extends MarkupFetcher {
  readonly close: () => Promise<void>;
}

export function createMarkupFetcher(options: MarkupFetcherOptions): ClosableMarkupFetcher {
  const http = createGuardedHttp({
    timers: options.timers,
    allowedHosts: options.allowedHosts,
    resolve: options.resolve ?? resolveWithSystem,
    bodyBytesMax: MARKUP_BYTES_MAX,
    connectionsPerOrigin: CONNECTIONS_PER_ORIGIN,
  });
  return {
    fetch(_dspId, url, deadlineAtMs, onMarkup) {
      const timeoutMs = deadlineAtMs - options.clock.monotonicMs();
      if (timeoutMs <= 0) {
        queueMicrotask(() => onMarkup(null));
        return;
      }
      void http.getText(url, timeoutMs).then((outcome) => {
        onMarkup(outcome.kind === 'answered' && outcome.status === 200 ? outcome.text : null);
      });
    },
    close: http.destroy,
  };
}
