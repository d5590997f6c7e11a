import { describe, expect, it } from 'vitest';
import { REFUSALS } from '../../engine/auction/reasons.ts';
import type { DspHealthSnapshot } from '../../engine/dsp/dsp-health.ts';
import { type DspReply, REPLY_RESULTS } from '../../engine/dsp/reply.ts';
import { SHAPING_SKIP_REASONS } from '../../engine/dsp/shaping/dsp-shaping.ts';
import { QUALITY_LINES_MAX, type QualityReport } from '../../engine/estimation/quality/estimate-quality.ts';
import type { AuctionEvent } from '../../engine/exchange/auction-event.ts';
import type { AdmissionSnapshot } from '../../engine/traffic/admission/admission.ts';
import { NOTICE_RESULTS } from '../notices/notice-policy.ts';
import { createMetrics, type Metrics } from './metrics.ts';

const DSP_IDS = Array.from({ length: 50 }, (_, i) => `dsp-${i}`);

const create = (dspIds: readonly string[] = ['a', 'b']) => createMetrics({ dspIds, version: '1.2.3', commit: 'abc' });

/** The lines of our own metrics that are not comments. */
async function series(metrics: Metrics): Promise<string[]> {
  return (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

async function readValue(metrics: Metrics, name: string): Promise<number | undefined> {
  const line = (await series(metrics)).find((candidate) => candidate.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}

function reply(fields: Partial<DspReply>): DspReply {
  return {
    dspId: 'a',
    result: 'no-bid',
    detail: '',
    latencyMs: 12,
    nbr: null,
    response: null,
    dropped: [],
    diagnostics: [],
    ...fields,
  };
}

const verdict = { lossReason: 0, field: '', reserveCpmMicros: 0, minimumToWinMicros: null, media: null };

/** Only what the metrics read. */
const EVENT = {
  ending: 'won',
  closing: 'all-replied',
  timings: { readMs: 1.5, solicitedAtMs: 3, closedAtMs: 33, answeredAtMs: 35, deadlineAtMs: 100 },
  input: { bids: [{ dspId: 'a' }, { dspId: 'b' }] },
  outcome: {
    wins: [{ clearingCpmMicros: 1_200_000 }],
    bids: [
      { ...verdict, bidIndex: 0, status: 'won', reason: 'won', ecpmMicros: 2_500_000 },
      { ...verdict, bidIndex: 1, status: 'refused', reason: 'unknown-imp', lossReason: 3, ecpmMicros: 0 },
    ],
  },
} as unknown as AuctionEvent;

/** Every reason the auction knows, once per DSP. */
function refusing(dspIds: readonly string[]): AuctionEvent {
  const reasons = Object.entries(REFUSALS);
  const bids = dspIds.flatMap((dspId) => reasons.map(() => ({ dspId })));
  const verdicts = bids.map((_bid, bidIndex) => {
    const [reason, { lossReason }] = reasons[bidIndex % reasons.length]!;
    return { ...verdict, bidIndex, status: 'refused', reason, lossReason, ecpmMicros: 0 };
  });
  return { ...EVENT, input: { bids }, outcome: { wins: [], bids: verdicts } } as unknown as AuctionEvent;
}

/** Loss codes of bids that the reader drops. */
const DROPPING = reply({
  dropped: [3, 5, 7, 9, 102, 204].map((lossReason) => ({ lossReason })) as unknown as DspReply['dropped'],
});

const HEALTH = { breaker: 'closed', callShare: 1, timeoutMs: 50 } as DspHealthSnapshot;

const PERIOD = { auctions: 1, fillRate: 1, revenueMicrosPerAuction: 1, calibrationRatio: 1 };
const ADMISSION: AdmissionSnapshot = {
  zone: 'open',
  degrade: 0,
  utilisation: 0,
  smoothedUtilisation: 0,
  cause: 'concurrency',
  inFlight: 0,
  concurrencyLimit: 1,
  baselineLatencyMs: 0,
  ownLatencyMs: 0,
  burstCredit: 0,
  valuedAboveMicros: null,
  accepted: 0,
  shed: [],
};

const QUALITY: QualityReport = {
  awaited: 3,
  lines: Array.from({ length: QUALITY_LINES_MAX }, (_, index) => ({
    version: `${index}`,
    arm: 'served',
    count: 10,
    positives: 1,
    predicted: 1.5,
    auc: 0.75,
    logLoss: 0.1,
    calibrationRatio: index === 1 ? null : 1.5,
  })),
  alerts: { calibration: true, auc: false, 'fallback-share': false },
  fallback: {
    model: PERIOD,
    fallback: PERIOD,
    fallbackShare: 0.5,
    fillShift: -0.25,
    revenueShift: 0,
    calibrationShift: 0.125,
  },
};

describe('createMetrics', () => {
  it('has every metric of this stage, in the exposition format', async () => {
    const text = await create().text();
    for (const name of [
      'rtb_auction_requests_total',
      'rtb_auction_duration_seconds',
      'rtb_auction_stage_seconds',
      'rtb_inflight_requests',
      'rtb_dsp_requests_total',
      'rtb_dsp_duration_seconds',
      'rtb_dsp_connections',
      'rtb_bid_rejected_total',
      'rtb_bid_refusals_total',
      'rtb_bid_price_cpm',
      'rtb_clearing_price_cpm',
      'rtb_request_deviations_total',
      'rtb_response_deviations_total',
      'rtb_privacy_stripped_total',
      'rtb_notices_total',
      'rtb_notice_queue_length',
      'rtb_events_acknowledged_total',
      'rtb_events_dropped_total',
      'rtb_event_log_bytes',
      'rtb_events_unstorable',
      'rtb_outbox_bytes',
      'rtb_outbox_oldest_seconds',
      'rtb_mailbox_dropped_total',
      'rtb_late_replies_total',
      'rtb_build_info',
      'nodejs_eventloop_lag_seconds',
    ]) {
      expect(text).toContain(`# TYPE ${name} `);
    }
    expect(text).toContain('rtb_build_info{version="1.2.3",commit="abc"} 1');
  });

  it('counts an auction once, with its stages, prices and refused bids', async () => {
    const metrics = create();
    metrics.intake.onStarted();
    expect(metrics.inFlight()).toBe(1);
    metrics.auctionEnded(EVENT);
    expect(metrics.inFlight()).toBe(0);
    expect(await readValue(metrics, 'rtb_auction_requests_total{reason="none",outcome="won"}')).toBe(1);
    expect(await readValue(metrics, 'rtb_auction_duration_seconds_sum{outcome="won"}')).toBeCloseTo(0.035);
    expect(await readValue(metrics, 'rtb_auction_stage_seconds_sum{stage="collect"}')).toBeCloseTo(0.03);
    expect(await readValue(metrics, 'rtb_auction_stage_seconds_sum{stage="decide"}')).toBeCloseTo(0.002);
    expect(await readValue(metrics, 'rtb_bid_price_cpm_sum')).toBe(2.5);
    expect(await readValue(metrics, 'rtb_clearing_price_cpm_sum')).toBe(1.2);
    expect(await readValue(metrics, 'rtb_bid_rejected_total{dsp="b",group="invalid"}')).toBe(1);
    expect(await readValue(metrics, 'rtb_bid_refusals_total{reason="unknown-imp"}')).toBe(1);
  });

  it('has no stages for an auction that ended before its decision', async () => {
    const metrics = create();
    metrics.auctionEnded({ ...EVENT, ending: 'cancelled', input: null, outcome: null });
    expect(await readValue(metrics, 'rtb_auction_requests_total{reason="none",outcome="cancelled"}')).toBe(1);
    expect(await readValue(metrics, 'rtb_auction_stage_seconds_count{stage="decide"}')).toBe(0);
  });

  it('counts replies, and times only calls that were made', async () => {
    const metrics = create();
    const { onReply, onLate } = metrics.dsp('a');
    onReply('a', reply({ result: 'timeout', latencyMs: 30 }));
    onReply('a', reply({ result: 'skipped', detail: 'low-value', latencyMs: 0 }));
    onReply('a', reply({ result: 'skipped', detail: 'throttled', latencyMs: 0 }));
    onLate('a');
    expect(await readValue(metrics, 'rtb_dsp_requests_total{dsp="a",result="timeout"}')).toBe(1);
    expect(await readValue(metrics, 'rtb_dsp_requests_total{dsp="a",result="skipped"}')).toBe(2);
    expect(await readValue(metrics, 'rtb_dsp_skips_total{reason="low-value"}')).toBe(1);
    expect(await readValue(metrics, 'rtb_dsp_skips_total{reason="throttled"}')).toBe(1);
    expect(await readValue(metrics, 'rtb_dsp_shaping_skips_total{dsp="a",reason="low-value"}')).toBe(1);
    expect(await readValue(metrics, 'rtb_dsp_shaping_skips_total{dsp="a",reason="throttled"}')).toBeUndefined();
    expect(await readValue(metrics, 'rtb_dsp_duration_seconds_count{dsp="a"}')).toBe(1);
    expect(await readValue(metrics, 'rtb_dsp_duration_seconds_bucket{dsp="a",le="0.02"}')).toBe(0);
    // A value on a bound belongs to it.
    expect(await readValue(metrics, 'rtb_dsp_duration_seconds_bucket{dsp="a",le="0.03"}')).toBe(1);
    expect(await readValue(metrics, 'rtb_dsp_duration_seconds_bucket{dsp="a",le="+Inf"}')).toBe(1);
    expect(await readValue(metrics, 'rtb_late_replies_total{dsp="a"}')).toBe(1);
  });

  it('reads gauges when asked', async () => {
    const metrics = create();
    let length = 3;
    metrics.noticeQueueLength(() => length);
    metrics.dspConnections((dspId) => ({ open: dspId === 'a' ? 2 : 0, busy: 1 }));
    expect(await readValue(metrics, 'rtb_notice_queue_length')).toBe(3);
    length = 4;
    expect(await readValue(metrics, 'rtb_notice_queue_length')).toBe(4);
    expect(await readValue(metrics, 'rtb_dsp_connections{dsp="a",state="open"}')).toBe(2);
  });

  it('counts events, overflowing mailboxes and actor faults', async () => {
    const metrics = create();
    metrics.eventsAcknowledged(7);
    metrics.eventsDropped(2, 'queue-full');
    metrics.mailboxDropped('dsp', 'refuse-newest');
    metrics.mailboxDropped('dsp', 'refuse-newest');
    metrics.actorFault('restart');
    expect(await readValue(metrics, 'rtb_events_acknowledged_total')).toBe(7);
    expect(await readValue(metrics, 'rtb_events_dropped_total{reason="queue-full"}')).toBe(2);
    expect(await readValue(metrics, 'rtb_mailbox_dropped_total{actor="dsp",policy="refuse-newest"}')).toBe(2);
    expect(await readValue(metrics, 'rtb_actor_faults_total{decision="restart"}')).toBe(1);
  });

  it('shows how good estimates were, and only what is known', async () => {
    const metrics = create();
    metrics.estimateQuality(() => QUALITY);
    expect(await readValue(metrics, 'rtb_ctr_calibration_ratio{version="0",arm="served"}')).toBe(1.5);
    expect(await readValue(metrics, 'rtb_ctr_calibration_ratio{version="1",arm="served"}')).toBeUndefined();
    expect(await readValue(metrics, 'rtb_ctr_auc{version="1",arm="served"}')).toBe(0.75);
    expect(await readValue(metrics, 'rtb_ctr_log_loss{version="1",arm="served"}')).toBe(0.1);
    expect(await readValue(metrics, 'rtb_ctr_quality_alert{kind="calibration"}')).toBe(1);
    expect(await readValue(metrics, 'rtb_ctr_quality_alert{kind="auc"}')).toBe(0);
    expect(await readValue(metrics, 'rtb_ctr_fallback_shift{figure="fill"}')).toBe(-0.25);
    expect(await readValue(metrics, 'rtb_ctr_fallback_shift{figure="calibration"}')).toBe(0.125);
    metrics.outcomesReported({ counted: 2, duplicate: 1, 'out-of-window': 0, unknown: 3 });
    expect(await readValue(metrics, 'rtb_ctr_outcomes_total{result="counted"}')).toBe(2);
    expect(await readValue(metrics, 'rtb_ctr_outcomes_total{result="unknown"}')).toBe(3);
  });

  it('counts a DSP that is not configured under other', async () => {
    const metrics = create();
    metrics.noticeResult('stranger', 'win', 'delivered');
    expect(await readValue(metrics, 'rtb_notices_total{dsp="other",kind="win",result="delivered"}')).toBe(1);
  });

  it('has a series for every reason to refuse or drop a bid, at every DSP', async () => {
    const metrics = create();
    metrics.auctionEnded(refusing(['a', 'b']));
    for (const dspId of ['a', 'b']) metrics.dsp(dspId).onReply(dspId, DROPPING);
    const lines = (await series(metrics)).filter((line) => line.startsWith('rtb_bid_re'));
    expect(lines.filter((line) => line.startsWith('rtb_bid_refusals_total'))).toHaveLength(
      Object.keys(REFUSALS).length,
    );
    for (const label of ['other', 'ungrouped']) expect(lines.join()).not.toContain(label);
    expect(await readValue(metrics, 'rtb_bid_rejected_total{dsp="b",group="insecure"}')).toBe(1);
    expect(await readValue(metrics, 'rtb_bid_refusals_total{reason="insecure-markup"}')).toBe(2);
  });

  it('stays under 5,000 series with 50 DSPs, whatever they send', async () => {
    const metrics = create(DSP_IDS);
    metrics.dspConnections(() => ({ open: 0, busy: 0 }));
    metrics.dspHealth(DSP_IDS.map((id) => ({ id, snapshot: () => HEALTH })));
    const diagnostics = Array.from({ length: 100 }, (_, i) => ({
      path: '',
      code: `code-${i}`,
      severity: 'warn' as const,
      message: '',
    }));
    for (const dspId of [...DSP_IDS, 'stranger']) {
      for (let i = 0; i < 100; i += 1) {
        metrics.dsp(dspId).onReply(dspId, reply({ result: 'skipped', detail: `reason-${i}` }));
      }
      for (const result of REPLY_RESULTS) metrics.dsp(dspId).onReply(dspId, reply({ result, diagnostics }));
      for (const detail of SHAPING_SKIP_REASONS) {
        metrics.dsp(dspId).onReply(dspId, reply({ result: 'skipped', detail }));
      }
      for (const kind of ['win', 'loss', 'bill'] as const) {
        for (const result of NOTICE_RESULTS) {
          // Nobody tries a loss notice twice.
          if (kind !== 'loss' || result !== 'retried') metrics.noticeResult(dspId, kind, result);
        }
      }
    }
    metrics.auctionEnded(refusing([...DSP_IDS, 'stranger']));
    for (let i = 0; i < 100; i += 1) {
      metrics.intake.onRefused(`code-${i}`);
      metrics.intake.onDiagnostics(diagnostics);
    }
    for (const ending of ['won', 'no-bid', 'cancelled', 'failed'] as const) metrics.auctionEnded({ ...EVENT, ending });
    metrics.estimateQuality(() => QUALITY);
    metrics.outcomesReported({ counted: 1, duplicate: 1, 'out-of-window': 1, unknown: 1 });
    for (const model of [metrics.estimation.clicks, metrics.estimation.conversions]) {
      for (let i = 0; i < 100; i += 1) model.loadEnded(`result-${i}`);
      model.readVersion(() => 1);
    }
    const remote = metrics.remoteModel();
    remote.readFrom({
      breakerState: () => 'closed',
      entryCount: () => 0,
      isCacheBypassed: () => true,
      flightCount: () => 0,
    });
    remote.onCall(1, 1, null);
    metrics.admission(() => ADMISSION);
    for (const queue of ['awaited-outcomes', 'shadow-scores'] as const) metrics.queueRefused(queue);
    for (let i = 0; i < 100; i += 1) {
      metrics.eventsDropped(1, `reason-${i}`);
      metrics.clientConnectionCut(`reason-${i}`);
      metrics.processFault(`origin-${i}`);
      metrics.mailboxDropped(`actor-${i % 10}`, 'refuse-newest');
    }
    for (const decision of ['restart', 'stop'] as const) metrics.actorFault(decision);
    metrics.clientConnections(() => 0);
    metrics.noticeQueueLength(() => 0);
    metrics.eventLogBytes(() => 0);
    metrics.eventsUnstorable(() => false);
    metrics.restartWanted(() => false);
    const count = (await series(metrics)).length;
    expect(count).toBeGreaterThan(3_000);
    expect(count).toBeLessThan(5_000);
    expect(await readValue(metrics, 'rtb_response_deviations_total{dsp="dsp-0",code="other"}')).toBeGreaterThan(0);
  });
});
