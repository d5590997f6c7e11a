import { expect, test } from 'vitest';
import type { DspHealthSnapshot } from '../../engine/dsp/dsp-health.ts';
import { MetricSums } from './metric-sums.ts';
import { createMetrics, type Metrics } from './metrics.ts';

function worker(eventsAcknowledged: number, breaker: DspHealthSnapshot['breaker'], timeoutMs: number): Metrics {
  const metrics = createMetrics({ dspIds: ['a'], version: '1' });
  metrics.eventsAcknowledged(eventsAcknowledged);
  metrics.noticeQueueLength(() => 5);
  const snapshot = () => ({ breaker, timeoutMs, callShare: 1 }) as DspHealthSnapshot;
  metrics.dspHealth([{ id: 'a', snapshot }]);
  metrics.dsp('a').onReply('a', { result: 'timeout', latencyMs: 30, diagnostics: [], dropped: [] } as never);
  return metrics;
}

function valueIn(text: string, series: string): number {
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.slice(series.length + 1),
  );
}

async function sumOf(sums: MetricSums, workers: readonly Metrics[]): Promise<string> {
  return sums.text(await Promise.all(workers.map((metrics) => metrics.snapshot())));
}

test('adds counts, and puts states together by what they mean', async () => {
  const text = await sumOf(new MetricSums(), [worker(2, 'closed', 10), worker(3, 'open', 30)]);
  expect(valueIn(text, 'rtb_events_acknowledged_total')).toBe(5);
  expect(valueIn(text, 'rtb_notice_queue_length')).toBe(10);
  expect(valueIn(text, 'rtb_dsp_breaker_state{dsp="a"}')).toBe(2);
  expect(valueIn(text, 'rtb_dsp_timeout_seconds{dsp="a"}')).toBe(0.02);
  expect(valueIn(text, 'rtb_build_info{version="1",commit="unknown"}')).toBe(1);
  expect(valueIn(text, 'rtb_dsp_duration_seconds_count{dsp="a"}')).toBe(2);
  expect(valueIn(text, 'rtb_dsp_duration_seconds_bucket{dsp="a",le="0.02"}')).toBe(0);
  expect(valueIn(text, 'rtb_dsp_duration_seconds_bucket{dsp="a",le="0.03"}')).toBe(2);
});

test('keeps the counts of those that ended, and not their states', async () => {
  const sums = new MetricSums();
  for (const count of [10, 20]) sums.keep(await worker(count, 'open', 10).snapshot());
  const text = await sumOf(sums, [worker(3, 'closed', 30)]);
  expect(valueIn(text, 'rtb_events_acknowledged_total')).toBe(33);
  expect(valueIn(text, 'rtb_dsp_duration_seconds_count{dsp="a"}')).toBe(3);
  expect(valueIn(text, 'rtb_dsp_breaker_state{dsp="a"}')).toBe(0);
  expect(valueIn(text, 'rtb_notice_queue_length')).toBe(5);
});

test('says the counts also while nobody runs', async () => {
  const sums = new MetricSums();
  sums.keep(await worker(7, 'closed', 10).snapshot());
  expect(valueIn(await sumOf(sums, []), 'rtb_events_acknowledged_total')).toBe(7);
});
