/** F51 over minutes (`GAVEL_SOAK_MINUTES`, 5 by default): every decision of a live engine under mixed load comes out the same again. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { replay } from '../../commands/replay.ts';
import type { VerificationReport } from '../../simulator/replay/verify.ts';
import { writesOf } from '../support/house-campaigns.ts';
import { runCommand } from '../support/run-command.ts';
import { startVariedTraffic } from '../support/varied-traffic.ts';

const MINUTES = Number(process.env.GAVEL_SOAK_MINUTES ?? 5);
// Commands refuse GAVEL_ variables that are no settings.
delete process.env.GAVEL_SOAK_MINUTES;
const CLIENTS = 6;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

describe('F51 the log of a live engine', () => {
  it(
    `replays identically after ${MINUTES} minutes`,
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'gavel-replay-soak-'));
      closers.push(() => rm(folder, { recursive: true, force: true }));
      const traffic = await startVariedTraffic(
        {
          'campaigns.enabled': true,
          'learnedReserve.estimator': 'empirical',
          'auction.progressive': true,
          // Small ones: reading goes over many segments, and on behind the writer.
          'events.segmentBytesMax': 4 * 1024 * 1024,
        },
        folder,
      );
      closers.push(traffic.close);
      await traffic.gavel.gavel.campaigns!.books.store.write(writesOf(), 'test');
      const endMs = Date.now() + MINUTES * 60_000;
      let [asked, unanswered] = [0, 0];
      const client = async (): Promise<void> => {
        while (Date.now() < endMs) {
          // A machine that stands still may cost an answer; the log has to be right all the same.
          await traffic.ask(asked++).catch(() => {
            unanswered += 1;
          });
        }
      };
      await Promise.all(Array.from({ length: CLIENTS }, client));
      const { code, stdout, stderr } = await runCommand(replay, ['verify', '--data', folder, '--json']);
      expect(code, stderr).not.toBe(2);
      const report = JSON.parse(stdout) as VerificationReport & { readonly differences: unknown; seconds: number };
      process.stdout.write(
        `${report.identical} of ${report.decided} auctions identical, ${report.bids} bids, ${report.wins} wins, ${report.seconds} s; ${unanswered} requests unanswered\n`,
      );
      expect(report.differences).toEqual([]);
      expect(code).toBe(0);
      expect(report.read).toMatchObject({ lost: 0, unreadable: {}, repeated: 0 });
      expect(report.decided).toBeGreaterThan(asked * 0.95);
    },
    (MINUTES + 3) * 60_000,
  );
});
