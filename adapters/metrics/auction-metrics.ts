/** Metrics of requests and auctions as a whole (meaning: docs/metrics.md). */

import type { Registry } from 'prom-client';
import type { AuctionEnding, AuctionEvent } from '../../engine/exchange/auction-event.ts';
import type { PrivacyRule } from '../../engine/traffic/privacy.ts';
import type { Diagnostic } from '../../openrtb/diagnostics.ts';
import { LATENCY_BOUNDS_SECONDS, PRICE_BOUNDS_CPM } from './bounds.ts';
import { Counter, CountersByLabel } from './counter.ts';
import { register } from './exposition.ts';
import { Gauge } from './gauge.ts';
import { Histogram, type HistogramCell } from './histogram.ts';

const CODES_MAX = 40;
const MICROS = 1e6;
const MS_PER_SECOND = 1000;
/** For requests that reached an auction. */
const NO_REASON = 'none';

export class AuctionMetrics {
  #inFlight = 0;
  readonly #ended: CountersByLabel;
  readonly #refused: CountersByLabel;
  readonly #durations: Readonly<Record<AuctionEnding, HistogramCell>>;
  readonly #deviations: CountersByLabel;
  readonly #stripped: CountersByLabel;
  readonly #bidPrice;
  readonly #clearingPrice;
  readonly #stage;

  constructor(registry: Registry) {
    const counter = (name: string, help: string) => register(registry, new Counter(name, help));
    const histogram = (name: string, help: string, bounds: readonly number[]) =>
      register(registry, new Histogram(name, help, bounds));
    const requests = counter('rtb_auction_requests_total', 'Ad requests by how they ended.');
    this.#ended = new CountersByLabel(requests, { label: 'outcome', valuesMax: 4, fixed: { reason: NO_REASON } });
    this.#refused = new CountersByLabel(requests, {
      label: 'reason',
      valuesMax: CODES_MAX,
      fixed: { outcome: 'refused' },
    });
    const durations = histogram(
      'rtb_auction_duration_seconds',
      'From the whole request received to the answer.',
      LATENCY_BOUNDS_SECONDS,
    );
    this.#durations = {
      won: durations.cell({ outcome: 'won' }),
      'no-bid': durations.cell({ outcome: 'no-bid' }),
      cancelled: durations.cell({ outcome: 'cancelled' }),
      failed: durations.cell({ outcome: 'failed' }),
    };
    const stages = histogram(
      'rtb_auction_stage_seconds',
      'Time an auction spent in each stage.',
      LATENCY_BOUNDS_SECONDS,
    );
    this.#stage = {
      read: stages.cell({ stage: 'read' }),
      admit: stages.cell({ stage: 'admit' }),
      collect: stages.cell({ stage: 'collect' }),
      decide: stages.cell({ stage: 'decide' }),
    };
    register(registry, new Gauge('rtb_inflight_requests', 'Auctions under way.')).readFrom(this.inFlight);
    this.#bidPrice = histogram('rtb_bid_price_cpm', 'eCPM of bids that took part.', PRICE_BOUNDS_CPM).cell();
    this.#clearingPrice = histogram('rtb_clearing_price_cpm', 'Clearing prices of wins.', PRICE_BOUNDS_CPM).cell();
    const deviations = counter('rtb_request_deviations_total', 'Deviations found in ad requests.');
    this.#deviations = new CountersByLabel(deviations, { label: 'code', valuesMax: CODES_MAX });
    const stripped = counter('rtb_privacy_stripped_total', 'Requests stripped of personal data.');
    this.#stripped = new CountersByLabel(stripped, { label: 'rule', valuesMax: 16 });
  }

  /** What the intake tells. */
  readonly intake = {
    onStarted: (): void => {
      this.#inFlight += 1;
    },
    onRefused: (code: string): void => this.#refused.add(code),
    onDiagnostics: (diagnostics: readonly Diagnostic[]): void => {
      for (const { code } of diagnostics) this.#deviations.add(code);
    },
    onStripped: (rule: PrivacyRule): void => this.#stripped.add(rule),
  };

  readonly inFlight = (): number => this.#inFlight;

  readonly ended = (event: AuctionEvent): void => {
    this.#inFlight -= 1;
    this.#ended.add(event.ending);
    const { timings, outcome } = event;
    this.#durations[event.ending].observe(timings.answeredAtMs / MS_PER_SECOND);
    // A request that ended before its decision has no stages behind reading.
    if (outcome === null) return;
    this.#stage.read.observe(timings.readMs / MS_PER_SECOND);
    this.#stage.admit.observe(timings.solicitedAtMs / MS_PER_SECOND);
    this.#stage.collect.observe((timings.closedAtMs - timings.solicitedAtMs) / MS_PER_SECOND);
    this.#stage.decide.observe((timings.answeredAtMs - timings.closedAtMs) / MS_PER_SECOND);
    for (const bid of outcome.bids) if (bid.status !== 'refused') this.#bidPrice.observe(bid.ecpmMicros / MICROS);
    for (const win of outcome.wins) this.#clearingPrice.observe(win.clearingCpmMicros / MICROS);
  };
}
