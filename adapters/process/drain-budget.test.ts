import { expect, test } from 'vitest';
import { loadConfig } from '../../config/load.ts';
import {
  DEALING_MS_MAX,
  DRAIN_MS_MAX,
  NOTICE_DRAIN_MS,
  OUTBOX_DRAIN_MS,
  SLOW_CLIENT_PATIENCE_MS,
  WORKER_DRAIN_MS_MAX,
} from './drain-budget.ts';

const DRAIN_IDLE_MS_MAX = 2000;
/** For the event log, and for everything that takes its time on a busy machine. */
const SPARE_MS = 1000;

function load(drainIdleMs: number) {
  return loadConfig({ file: null, environment: {}, overrides: { 'server.drainIdleMs': drainIdleMs } });
}

test('each part of a drain fits in the one above it, whatever is configured', () => {
  expect(load(DRAIN_IDLE_MS_MAX).server.drainIdleMs).toBe(DRAIN_IDLE_MS_MAX);
  expect(() => load(DRAIN_IDLE_MS_MAX + 1)).toThrow('drainIdleMs');
  const engineMs = DRAIN_IDLE_MS_MAX + SLOW_CLIENT_PATIENCE_MS + NOTICE_DRAIN_MS + OUTBOX_DRAIN_MS;
  expect(engineMs + SPARE_MS).toBeLessThanOrEqual(WORKER_DRAIN_MS_MAX);
  expect(DEALING_MS_MAX + WORKER_DRAIN_MS_MAX).toBeLessThan(DRAIN_MS_MAX);
});
