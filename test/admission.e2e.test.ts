/** Admission on real sockets: what is refused, how, and that nothing stays behind. */
import { afterEach, expect, it } from 'vitest';
import { bidding, silence } from './support/scripted-dsp.ts';
import { adRequest, startTestGavel, type TestGavel } from './support/test-gavel.ts';

let gavel: TestGavel | undefined;
afterEach(async () => {
  await gavel?.close();
});

/** Sum over all series of a metric. */
function sumOf(text: string, metric: string): number {
  const series = text.split('\n').filter((line) => line.startsWith(`${metric} `) || line.startsWith(`${metric}{`));
  return series.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

const metrics = async (): Promise<string> => (await fetch(`${gavel!.url}/metrics`)).text();

it('refuses what exceeds the limit with 429, and takes all again when there is room', async () => {
  const limit = {
    'admission.burstMax': 0,
    'admission.limitMin': 4,
    'admission.limitInitial': 4,
    'admission.limitMax': 4,
  };
  gavel = await startTestGavel({
    dsps: { slow: { bid: silence, config: { timeoutMs: 300 } }, fine: bidding({ price: 1 }) },
    config: limit,
  });
  const burst = await Promise.all(Array.from({ length: 20 }, (_, index) => gavel!.post(adRequest(`r-${index}`))));
  const refused = burst.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThanOrEqual(10);
  expect(refused[0]!.body).toEqual({ id: '', nbr: 501 });
  expect(burst.length - refused.length).toBeGreaterThanOrEqual(4);
  const text = await metrics();
  expect(sumOf(text, 'rtb_shed_total')).toBe(refused.length);
  expect(sumOf(text, 'rtb_concurrency_limit')).toBe(4);
  for (let index = 0; index < 8; index++) expect((await gavel.post(adRequest(`later-${index}`))).status).toBe(200);
  await expect.poll(async () => sumOf(await metrics(), 'rtb_inflight_requests')).toBe(0);
});

it('bad requests and clients that left give their place back', async () => {
  const limit = {
    'admission.burstMax': 0,
    'admission.limitMin': 2,
    'admission.limitInitial': 2,
    'admission.limitMax': 2,
  };
  gavel = await startTestGavel({ dsps: { hanging: silence }, config: limit });
  for (let index = 0; index < 5; index++) {
    expect((await gavel.post('{')).status).toBe(400);
    const client = new AbortController();
    const answer = gavel.post(adRequest(`gone-${index}`), { signal: client.signal });
    await expect.poll(() => gavel!.dsp('hanging').asked.length).toBe(index + 1);
    client.abort();
    await expect(answer).rejects.toThrow();
    await gavel.eventOf(`gone-${index}`);
  }
  expect((await gavel.post(adRequest('last', { tmax: 200 }))).status).toBe(200);
});

it('takes everything when it is off', async () => {
  gavel = await startTestGavel({
    dsps: { fine: bidding({ price: 1 }) },
    config: {
      'admission.enabled': false,
      'admission.limitMin': 1,
      'admission.limitInitial': 1,
      'admission.limitMax': 1,
    },
  });
  const burst = await Promise.all(Array.from({ length: 20 }, (_, index) => gavel!.post(adRequest(`r-${index}`))));
  expect(burst.every(({ status }) => status === 200)).toBe(true);
  expect(await metrics()).not.toContain('rtb_concurrency_limit');
});
