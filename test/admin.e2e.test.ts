/** What an operator sees of the DSPs. */
import { afterEach, expect, it } from 'vitest';
import { freePort } from './support/free-port.ts';
import { bidding } from './support/scripted-dsp.ts';
import { adRequest, startTestGavel, type TestGavel } from './support/test-gavel.ts';

let gavel: TestGavel | undefined;
afterEach(async () => {
  await gavel?.close();
});

it('shows the state of each DSP, and of its URL no more than the origin', async () => {
  const port = await freePort();
  const token = 'a-token-of-some-length';
  gavel = await startTestGavel({
    dsps: { fine: bidding({ price: 1 }) },
    otherDsps: [{ id: 'down', url: 'http://127.0.0.1:1/bid?key=secret' }],
    config: { 'admin.port': port, 'admin.token': token, 'shaping.enabled': true },
  });
  await gavel.post(adRequest('r'));
  const answer = await fetch(`http://127.0.0.1:${port}/admin/dsps`, { headers: { authorization: `Bearer ${token}` } });
  const dsps = (await answer.json()) as { id: string }[];
  expect(dsps.find(({ id }) => id === 'fine')).toMatchObject({
    origin: gavel.dsp('fine').origin,
    callCount: 1,
    rotation: 'in',
    skipCounts: { 'low-value': 0, 'low-value-for-qps': 0 },
    shaping: { isLearning: true, thresholdMicros: 0, ratePriceMicros: null, exploredCount: 0 },
  });
  expect(dsps.find(({ id }) => id === 'down')).toMatchObject({ origin: 'http://127.0.0.1:1', callCount: 1 });
  expect(JSON.stringify(dsps)).not.toContain('secret');
});
