/** F51: the log of a live engine replays with identical winners, prices and reasons; an event that was edited is found. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { replay } from '../commands/replay.ts';
import type { VerificationReport } from '../simulator/replay/verify.ts';
import type { WhatIfReport } from '../simulator/replay/what-if/what-if.ts';
import { copyEdited, type StoredJson } from './support/edited-log.ts';
import { eventually, isWonBy, writesOf } from './support/house-campaigns.ts';
import { runCommand } from './support/run-command.ts';
import { adRequest } from './support/test-gavel.ts';
import { startVariedTraffic, type VariedTraffic } from './support/varied-traffic.ts';

const AUCTIONS = 200;
const BATCH = 20;

type Printed = VerificationReport & { readonly differences: readonly Record<string, unknown>[] };

describe('F51 the log of an engine under traffic', () => {
  let folder: string;
  let data: string;
  let traffic: VariedTraffic | null = null;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gavel-replay-'));
    data = join(folder, 'recorded');
    traffic = await startVariedTraffic(
      {
        'campaigns.enabled': true,
        'campaigns.refreshIntervalMs': 50,
        'learnedReserve.estimator': 'empirical',
        'auction.progressive': true,
        'events.lossSampleRate': 0.5,
        placements: [{ id: 'several', slotWeights: [1, 0.5] }],
      },
      data,
    );
    const { gavel } = traffic;
    await gavel.gavel.campaigns!.books.store.write(writesOf(), 'test');
    await eventually(async () => expect(isWonBy(await gavel.post(adRequest('warm')), 'line-1')).toBe(true));
    for (let start = 0; start < AUCTIONS; start += BATCH) {
      await Promise.all(Array.from({ length: BATCH }, (_, offset) => traffic!.ask(start + offset)));
    }
    await eventually(async () => expect((await gavel.events()).length).toBeGreaterThan(AUCTIONS));
  }, 120_000);
  afterAll(async () => {
    await traffic?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function verify(dataDirectory: string): Promise<{ readonly code: number; readonly report: Printed }> {
    const { code, stdout } = await runCommand(replay, ['verify', '--data', dataDirectory, '--json']);
    return { code, report: JSON.parse(stdout) as Printed };
  }

  it('is identical while it runs', async () => {
    const { code, report } = await verify(data);
    expect(report.differences).toEqual([]);
    expect(code).toBe(0);
    expect(report.read).toMatchObject({ lost: 0, unreadable: {}, repeated: 0 });
    expect(report.decided).toBeGreaterThan(AUCTIONS);
    expect(report.identical).toBe(report.decided);
    expect(report.wins).toBeGreaterThan(AUCTIONS / 2);
  });

  it('has all kinds of decisions in it', async () => {
    const inputs = (await traffic!.gavel.events()).flatMap(({ input }) => input ?? []);
    const bids = inputs.flatMap((input) => input.bids);
    expect(bids.some(({ dspId }) => dspId === 'house')).toBe(true);
    expect(bids.some(({ ctrSource }) => ctrSource === 'model')).toBe(true);
    expect(bids.some(({ cvrSource }) => cvrSource === 'model')).toBe(true);
    expect(inputs.some(({ imps }) => imps.some(({ learnedFloorCpmMicros }) => learnedFloorCpmMicros > 0))).toBe(true);
  });

  it('sells what it sold when nothing changes, and at other prices when winners pay what they bid', async () => {
    const whatIf = async (...args: string[]): Promise<WhatIfReport> => {
      const { code, stdout } = await runCommand(replay, ['what-if', '--data', data, '--json', ...args]);
      expect(code).toBe(0);
      return JSON.parse(stdout) as WhatIfReport;
    };
    const rates = ['--set', 'currencies.rates={EUR: 0.9}'];
    const config = join(folder, 'engine.yaml');
    await writeFile(config, 'currencies: { rates: { EUR: 0.9 } }\n');
    const same = await whatIf('--engine-config', config);
    expect(same).toMatchObject({ otherWinners: 0, otherPrices: 0, unapplied: [] });
    expect(same.figures.after).toEqual(same.figures.before);
    expect(same.figures.auctions).toBeGreaterThan(AUCTIONS / 2);
    const first = await whatIf('--engine-config', config, '--mechanism', 'first_price');
    expect(first.otherWinners).toBe(0);
    expect(first.figures.difference.revenueNanos.lower).toBeGreaterThan(0);
    expect((await whatIf(...rates)).figures.before.revenueNanos).toBe(same.figures.before.revenueNanos);
  });

  it('names the bid and the field where an event was edited, and ends with 1', async () => {
    let edited: string | null = null;
    await copyEdited(data, join(folder, 'edited'), (stored) => {
      if (edited !== null || stored.ending !== 'won') return stored;
      edited = stored.auctionId as string;
      return withFirstWin(stored, (win) => ({ ...win, clearingCpmMicros: win.clearingCpmMicros + 1 }));
    });
    const { code, report } = await verify(join(folder, 'edited'));
    expect(code).toBe(1);
    expect(report).toMatchObject({ different: 1, causes: { price: 1 } });
    expect(report.differences).toMatchObject([{ auctionId: edited, cause: 'price' }]);
    const [field] = report.differences[0]!.fields as [{ recorded: number; now: number }];
    expect(field).toMatchObject({ part: 'wins', field: 'clearingCpmMicros' });
    expect(field.recorded - field.now).toBe(1);
  });

  it('says so to people too', async () => {
    const { code, stdout } = await runCommand(replay, ['verify', '--data', join(folder, 'edited')]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^auction \S+ at \S+ \(.*events, \d+, version 2\): price\n {2}wins\.clearingCpmMicros imp /);
    expect(stdout).toMatch(/\nDifferent: +1 \(1 by price\)\n$/);
  });

  it('counts what cannot be read, and goes on', async () => {
    await copyEdited(data, join(folder, 'damaged'), (stored, index) => {
      if (index === 0) return '{"type":"auction"';
      if (index === 1) return { ...stored, type: 'auction', version: 99 };
      return index === 2 ? { ...stored, type: 'nothing' } : stored;
    });
    const { code, report } = await verify(join(folder, 'damaged'));
    expect(code).toBe(0);
    expect(report.read.unreadable).toMatchObject({ 'not-json': 1, 'unknown-type': 1 });
    expect(report.decided).toBeGreaterThan(AUCTIONS - 2);
  });
});

type StoredWin = { readonly clearingCpmMicros: number };

function withFirstWin(stored: StoredJson, edit: (win: StoredWin) => StoredWin): StoredJson {
  const outcome = stored.outcome as { readonly wins: readonly StoredWin[] };
  const [first, ...others] = outcome.wins;
  return { ...stored, outcome: { ...outcome, wins: [edit(first!), ...others] } };
}
