import { expect, test } from 'vitest';
import { BURST_MS_DEFAULT, bucketCapacity } from '../engine/dsp/token-bucket.ts';
import { connectionsTo, healthOptions } from './engine-options.ts';
import { loadConfig } from './load.ts';
import { workerShare } from './worker-share.ts';

const MIB = 1024 * 1024;
const DSPS = [
  { id: 'a', url: 'http://a/', callsPerSecond: 800, callsPerSecondMax: 100 },
  { id: 'b', url: 'http://b/' },
];

function shareOf(workers: number) {
  const config = loadConfig({ file: null, environment: {}, overrides: { 'server.workers': workers, dsps: DSPS } });
  return { config, share: workerShare(config, 0) };
}

test('one worker has everything', () => {
  const { config, share } = shareOf(1);
  expect(share).toBe(config);
});

test('what is agreed with a DSP is divided, where it is set', () => {
  const { config, share } = shareOf(4);
  const [a, b] = share.dsps;
  expect(healthOptions(a!, share).callsPerSecondMax).toBe(25);
  expect(healthOptions(b!, share).callsPerSecondMax).toBeNull();
  expect(connectionsTo(a!, share)).toBe(Math.ceil(connectionsTo(config.dsps[0]!, config) / 4));
  expect(b!.callsPerSecond).toBe(config.dspDefaults.callsPerSecond / 4);
});

test.each([
  { rate: 5, workers: 8, callers: 1 },
  { rate: 40, workers: 8, callers: 4 },
  { rate: 79, workers: 8, callers: 7 },
  { rate: 80, workers: 8, callers: 8 },
  { rate: 5, workers: 2, callers: 1 },
])('$rate/s among $workers workers are $callers shares: bursts of all together are those of one', (of) => {
  const small = Array.from({ length: of.workers }, (_, index) => ({
    id: `d-${index}`,
    url: 'http://d/',
    callsPerSecondMax: of.rate,
  }));
  const overrides = { 'server.workers': of.workers, dsps: small };
  const config = loadConfig({ file: null, environment: {}, overrides });
  const shares = Array.from({ length: of.workers }, (_, place) => workerShare(config, place));
  for (const { id } of small) {
    const rates = shares.flatMap(({ dsps }) =>
      dsps.filter((dsp) => dsp.id === id).map((dsp) => dsp.callsPerSecondMax!),
    );
    expect(rates).toHaveLength(of.callers);
    const capacity = (ratePerSecond: number) => bucketCapacity({ ratePerSecond, burstMs: BURST_MS_DEFAULT });
    expect(rates.reduce((sum, rate) => sum + rate, 0)).toBeCloseTo(of.rate);
    expect(rates.reduce((sum, rate) => sum + capacity(rate), 0)).toBeCloseTo(capacity(of.rate));
  }
  // Every worker calls as many of them as any other.
  expect(new Set(shares.map(({ dsps }) => dsps.length)).size).toBe(1);
});

test('so are connections and disk, with a share for a successor', () => {
  const { share } = shareOf(3);
  expect(share.server.connectionsMax).toBe(Math.ceil(20_000 / 3));
  expect(share.events).toMatchObject({ totalBytesMax: 1024 * MIB, segmentBytesMax: 64 * MIB });
});

test('of many workers each still has two segments', () => {
  const { totalBytesMax, segmentBytesMax } = shareOf(64).share.events;
  expect(65 * totalBytesMax).toBeLessThanOrEqual(4096 * MIB);
  expect(totalBytesMax).toBeGreaterThanOrEqual(2 * segmentBytesMax);
});
