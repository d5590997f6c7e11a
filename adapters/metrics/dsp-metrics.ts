/** Metrics of single DSPs (meaning: docs/metrics.md). */
import type { Registry } from 'prom-client';
import type { BreakerState } from '../../engine/dsp/breaker.ts';
import { DSP_SKIP_REASONS, type DspHealthSnapshot } from '../../engine/dsp/dsp-health.ts';
import type { DspReply } from '../../engine/dsp/reply.ts';
import { SHAPING_SKIP_REASONS } from '../../engine/dsp/shaping/dsp-shaping.ts';
import type { AuctionEvent } from '../../engine/exchange/auction-event.ts';
import type { Notice } from '../../engine/ports/notice-sender.ts';
import { DSP_LATENCY_BOUNDS_SECONDS } from './bounds.ts';
import { Counter, CountersByLabel, OTHER_LABEL } from './counter.ts';
import { type Aggregator, register } from './exposition.ts';
import { Gauge } from './gauge.ts';
import { Histogram, type HistogramCell } from './histogram.ts';
import { REJECTION_GROUPS_MAX, rejectionGroup } from './rejection-groups.ts';

/** Label values per DSP. With 50 DSPs all metrics together stay under 5,000 series (test). */
const RESULTS_MAX = 9;
const CODES_MAX = 10;
/** For the whole process: all that the auction knows (test). */
const REFUSAL_REASONS_MAX = 48;
const MS_PER_SECOND = 1000;
/** The index is the gauge's value. */
const BREAKER_STATES: readonly BreakerState[] = ['closed', 'half-open', 'open'];

type NoticeKind = Notice['kind'];

/** What one DSP's actor and notices tell. */
export interface DspCells {
  readonly onReply: (dspId: string, reply: DspReply) => void;
  readonly onLate: (dspId: string) => void;
  readonly rejected: CountersByLabel;
  readonly notices: Readonly<Record<NoticeKind, CountersByLabel>>;
}

export class DspMetrics {
  readonly #requests: Counter;
  readonly #skips: CountersByLabel;
  readonly #shapingSkips: Counter;
  readonly #durations: Histogram;
  readonly #rejected: Counter;
  readonly #refusals: CountersByLabel;
  readonly #deviations: Counter;
  readonly #notices: Counter;
  readonly #late: Counter;
  readonly #connections: Gauge;
  readonly #breakerState: Gauge;
  readonly #throttleRatio: Gauge;
  readonly #timeout: Gauge;
  readonly #byId = new Map<string, DspCells>();
  readonly #other: DspCells;
  readonly #dspIds: readonly string[];

  constructor(registry: Registry, dspIds: readonly string[]) {
    const counter = (name: string, help: string) => register(registry, new Counter(name, help));
    this.#dspIds = dspIds;
    this.#requests = counter('rtb_dsp_requests_total', 'Solicitations by what came of them.');
    const skips = counter('rtb_dsp_skips_total', 'Solicitations of all DSPs without a call, by why.');
    this.#skips = new CountersByLabel(skips, { label: 'reason', valuesMax: DSP_SKIP_REASONS.length });
    this.#shapingSkips = counter('rtb_dsp_shaping_skips_total', 'Calls to a DSP that shaping skipped, by why.');
    const durations = new Histogram(
      'rtb_dsp_duration_seconds',
      'Time of calls that were made.',
      DSP_LATENCY_BOUNDS_SECONDS,
    );
    this.#durations = register(registry, durations);
    this.#rejected = counter('rtb_bid_rejected_total', 'Bids refused or dropped before ranking, by what was wrong.');
    const refusals = counter('rtb_bid_refusals_total', 'Bids refused by the auction, by exact reason.');
    this.#refusals = new CountersByLabel(refusals, { label: 'reason', valuesMax: REFUSAL_REASONS_MAX });
    this.#deviations = counter('rtb_response_deviations_total', 'Deviations found in DSP answers.');
    this.#notices = counter('rtb_notices_total', 'Notices by result; all results but retried are final.');
    this.#late = counter('rtb_late_replies_total', 'Replies that came when their auction was over.');
    this.#connections = register(registry, new Gauge('rtb_dsp_connections', 'Connections to a DSP.'));
    const gauge = (name: string, help: string, aggregator: Aggregator) =>
      register(registry, new Gauge(name, help, aggregator));
    this.#breakerState = gauge('rtb_dsp_breaker_state', '0 closed, 1 half-open, 2 open.', 'max');
    this.#throttleRatio = gauge('rtb_dsp_throttle_ratio', 'Share of calls that may pass, 0 to 1.', 'average');
    this.#timeout = gauge('rtb_dsp_timeout_seconds', 'Wait of an ordinary call.', 'average');
    for (const id of dspIds) this.#byId.set(id, this.#cellsOf(id));
    this.#other = this.#cellsOf(OTHER_LABEL);
  }

  /** Ids that are not configured share the series of `other`. */
  cells(dspId: string): DspCells {
    return this.#byId.get(dspId) ?? this.#other;
  }

  rejectedBids({ input, outcome }: AuctionEvent): void {
    if (input === null || outcome === null) return;
    for (const verdict of outcome.bids) {
      const bid = verdict.status === 'refused' ? input.bids[verdict.bidIndex] : undefined;
      if (bid === undefined) continue;
      this.cells(bid.dspId).rejected.add(rejectionGroup(verdict.lossReason));
      this.#refusals.add(verdict.reason);
    }
  }

  readConnections(read: (dspId: string) => { readonly open: number; readonly busy: number }): void {
    for (const dsp of this.#dspIds) {
      this.#connections.readFrom(() => read(dsp).open, { dsp, state: 'open' });
      this.#connections.readFrom(() => read(dsp).busy, { dsp, state: 'busy' });
    }
  }

  readHealth(actors: readonly { readonly id: string; readonly snapshot: () => DspHealthSnapshot }[]): void {
    for (const { id: dsp, snapshot } of actors) {
      this.#breakerState.readFrom(() => BREAKER_STATES.indexOf(snapshot().breaker), { dsp });
      this.#throttleRatio.readFrom(() => snapshot().callShare, { dsp });
      this.#timeout.readFrom(() => snapshot().timeoutMs / MS_PER_SECOND, { dsp });
    }
  }

  #cellsOf(dsp: string): DspCells {
    const along = (counter: Counter, label: string, valuesMax: number, fixed = {}) =>
      new CountersByLabel(counter, { label, valuesMax, fixed: { dsp, ...fixed } });
    const rejected = along(this.#rejected, 'group', REJECTION_GROUPS_MAX);
    const late = this.#late.cell({ dsp });
    const notices = (kind: NoticeKind) => along(this.#notices, 'result', RESULTS_MAX, { kind });
    return {
      onReply: countReplies({
        results: along(this.#requests, 'result', RESULTS_MAX),
        skips: this.#skips,
        shapingSkips: along(this.#shapingSkips, 'reason', SHAPING_SKIP_REASONS.length),
        duration: this.#durations.cell({ dsp }),
        deviations: along(this.#deviations, 'code', CODES_MAX),
        rejected,
      }),
      onLate: () => late.add(),
      rejected,
      notices: { win: notices('win'), loss: notices('loss'), bill: notices('bill') },
    };
  }
}

interface ReplyCells {
  readonly results: CountersByLabel;
  readonly skips: CountersByLabel;
  readonly shapingSkips: CountersByLabel;
  readonly duration: HistogramCell;
  readonly deviations: CountersByLabel;
  readonly rejected: CountersByLabel;
}

const SHAPING_SKIPS: ReadonlySet<string> = new Set(SHAPING_SKIP_REASONS);

function countReplies(cells: ReplyCells): DspCells['onReply'] {
  const { results, skips, shapingSkips, duration, deviations, rejected } = cells;
  return (_dspId, reply) => {
    results.add(reply.result);
    if (reply.result === 'skipped') {
      skips.add(reply.detail);
      if (SHAPING_SKIPS.has(reply.detail)) shapingSkips.add(reply.detail);
    } else if (reply.result !== 'not-sent') duration.observe(reply.latencyMs / MS_PER_SECOND);
    for (const { code } of reply.diagnostics) deviations.add(code);
    for (const { lossReason } of reply.dropped) rejected.add(rejectionGroup(lossReason));
  };
}
