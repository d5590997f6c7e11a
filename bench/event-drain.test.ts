import { afterAll, expect, it, vi } from 'vitest';
import { startKafka } from '../test/support/services.ts';
import { measureEventAppend } from './event-append.ts';
import { DRAIN_NAMES, measureEventDrain } from './event-drain.ts';
import { OUTCOME_EVENT_BYTES, outcomeEvents } from './payloads/outcome-events.ts';
import { QUICK_SCALE } from './suite.ts';

const kafka = await startKafka();
afterAll(() => kafka?.stop());

const lines: string[] = [];
const context = { scale: QUICK_SCALE, seed: 1, progress: (line: string) => lines.push(line) };

it('events are of the size that is said, and the same for the same seed', () => {
  const events = outcomeEvents(100, 7);
  expect(events.every((event) => event.length === OUTCOME_EVENT_BYTES)).toBe(true);
  expect(events.map(String)).toEqual(outcomeEvents(100, 7).map(String));
  for (const event of events) expect(() => JSON.parse(String(event))).not.toThrow();
});

it('appending, tiny', async () => {
  const [rate, cpu] = await measureEventAppend(context);
  expect(rate!.value).toBeGreaterThan(0);
  expect(cpu!.value).toBeGreaterThan(0);
});

it('draining without a Kafka is left out', async () => {
  vi.stubEnv('KAFKA_BROKERS', '');
  expect(await measureEventDrain(context)).toEqual([]);
  expect(lines.at(-1)).toContain('KAFKA_BROKERS');
  vi.unstubAllEnvs();
});

it.skipIf(kafka === null)('draining, tiny', async () => {
  vi.stubEnv('KAFKA_BROKERS', kafka!.url);
  const measured = await measureEventDrain(context);
  expect(measured.map(({ name }) => name)).toEqual(DRAIN_NAMES);
  for (const { name, value } of measured) expect(value, name).toBeGreaterThan(0);
  vi.unstubAllEnvs();
});
