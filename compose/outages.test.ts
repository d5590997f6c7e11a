import { expect, it } from 'vitest';
import { tellOutage } from './outages.ts';

it('tells when an outage begins and when it is over, not what else fails meanwhile', () => {
  const lines: unknown[] = [];
  let nowMs = 0;
  const log = {
    warn: (_: unknown, text: string) => lines.push(text),
    info: (fields: unknown, text: string) => lines.push([fields, text]),
  };
  const outage = tellOutage(
    { log: log as never, clock: { monotonicMs: () => nowMs, wallMs: () => nowMs } },
    { failed: 'fails', recovered: 'works' },
  );
  outage.succeeded();
  for (; nowMs < 60_000; nowMs += 100) {
    outage.failed(new Error('away'));
    // Another partition's.
    outage.succeeded();
  }
  expect(lines).toEqual(['fails']);
  nowMs += 5000;
  outage.succeeded();
  outage.succeeded();
  expect(lines).toEqual(['fails', [{ failures: 600, outageMs: 59_900 }, 'works']]);
  outage.failed(new Error('away'));
  expect(lines).toHaveLength(3);
});
