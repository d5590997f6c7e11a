import { expect, test } from 'vitest';
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
  return { config, share: workerShare(config) };
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
  expect(share.dspDefaults.callsPerSecond).toBe(config.dspDefaults.callsPerSecond / 4);
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
