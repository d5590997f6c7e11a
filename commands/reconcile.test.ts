/** What a person gets wrong with `gavel reconcile`, and what is printed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Reconciliation } from '../compose.ts';
import { COUNT_REPORTS } from './count-report.ts';
import { reconcile } from './reconcile.ts';
import { isReconciled, RECONCILIATION_REPORTS } from './reconciliation-report.ts';
import { reportWindow } from './report-window.ts';
import { UsageError } from './usage-error.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gavel-reconcile-'));
  writeFileSync(join(folder, 'bad.csv'), 'at,impressions\n2026-03-10T12,many\n');
});
afterEach(() => rmSync(folder, { recursive: true }));

it.each([
  ['', "there are no books yet: name the engine's --config or --data"],
  ['--against ledger', "there are no books yet: name the engine's --config or --data"],
  ['--format xml', '--format must be one of table, csv, json, is "xml"'],
  [
    '--from yesterday',
    '--from must be a day, YYYY-MM-DD, an hour, YYYY-MM-DDTHH, or a moment, YYYY-MM-DDTHH:MM, in UTC, is "yesterday"',
  ],
  ['--from 2026-02-30', '--from must be a day'],
  ['--from 2026-03-11 --to 2026-03-10', '--from must not be behind --to: 2026-03-11 is behind 2026-03-10'],
  ['--threshold 0.01', '--threshold is for --against: charges must agree exactly'],
  ['--against HERE/a.csv --threshold 1', '--threshold must be a share from 0.000001 to below 1, is "1"'],
  ['--against HERE/a.csv --threshold x', '--threshold must be a share from 0.000001 to below 1, is "x"'],
  ['--against HERE/a.csv --differences 3', '--differences has no meaning with --against'],
  ['--settle-minutes -1', '--settle-minutes must be a whole number from 0 to 10080, is "-1"'],
  ['--against HERE/none.csv --from 2026-03-10', '--against: HERE/none.csv: '],
  [
    '--against HERE/bad.csv --from 2026-03-10',
    '--against: HERE/bad.csv: row 1: "impressions" must be a whole number, is "many"',
  ],
])('%s is refused', async (line, message) => {
  const args = line.split(' ').filter((arg) => arg !== '');
  const error = await reconcile(['--data', folder, ...args.map((arg) => arg.replace('HERE', folder))]).catch(
    (refusal: unknown) => refusal,
  );
  expect(error).toBeInstanceOf(UsageError);
  expect((error as UsageError).message.replaceAll(folder, 'HERE')).toContain(message);
});

it('a window is of days, hours or moments', () => {
  const nowMs = Date.UTC(2026, 2, 10, 12, 34);
  const iso = ({ fromMs, toMs }: ReturnType<typeof reportWindow>) =>
    [fromMs, toMs].map((atMs) => new Date(atMs).toISOString().slice(0, 19));
  const of = (from?: string, to?: string) => iso(reportWindow({ ...(from && { from }), ...(to && { to }) }, nowMs, 1));
  expect(of()).toEqual(['2026-03-09T00:00:00', '2026-03-10T13:00:00']);
  expect(of('2026-03-08', '2026-03-09')).toEqual(['2026-03-08T00:00:00', '2026-03-10T00:00:00']);
  expect(of('2026-03-08T05', '2026-03-08T05Z')).toEqual(['2026-03-08T05:00:00', '2026-03-08T06:00:00']);
  expect(of('2026-03-08T05:30', '2026-03-08T06:00:30.5Z')).toEqual(['2026-03-08T05:30:00', '2026-03-08T06:00:30']);
});

const CLEAN: Reconciliation = {
  fromMs: Date.UTC(2026, 2, 10),
  toMs: Date.UTC(2026, 2, 11),
  verdicts: { agreed: 2, reported: 1 },
  unreconciledNanos: 0n,
  differences: [],
  totals: [
    { party: 'advertiser', id: 'spring', currency: 'USD', due: 2_500_000_000n, booked: 2_500_000_000n, absorbed: 5n },
    { party: 'advertiser', id: 'spring/line-1', currency: 'impressions', due: 7n, booked: 7n, absorbed: 0n },
  ],
  eventRows: 3,
  journalRows: 2,
  unreadable: 0,
  problems: [],
};
const DIFFERENT: Reconciliation = {
  ...CLEAN,
  verdicts: { agreed: 1, 'missing-in-ledger': 1 },
  unreconciledNanos: 1_000_000_001n,
  differences: [
    {
      key: 'a"b/1/impression',
      verdict: 'missing-in-ledger',
      atStake: 1_000_000_001n,
      due: { payer: 'dsp-1/', publisherId: 'pub-1', currency: 'USD', amount: 1_000_000_001n, fee: 0n },
      booked: null,
    },
  ],
  problems: [{ check: 'a key is billed once', finding: 'k: 2 bills' }],
};

it('says in the first line whether all is well', () => {
  const [head, charges, sums, , columns, money, impressions] = RECONCILIATION_REPORTS.table(CLEAN).split('\n');
  expect(head).toBe('2026-03-10T00:00:00.000Z to 2026-03-11T00:00:00.000Z: reconciled');
  expect(charges).toBe('charges: agreed 2, reported 1');
  expect(sums).toBe('unreconciled: 0.00; events 3, of them unreadable 0; journal rows 2');
  expect(columns!.split(/ +/)).toEqual(['party', 'id', 'currency', 'due', 'booked', 'difference', 'absorbed']);
  expect(money!.split(/ +/)).toEqual(['advertiser', 'spring', 'USD', '2.50', '2.50', '0.00', '0.000000005']);
  expect(impressions!.split(/ +/)).toEqual(['advertiser', 'spring/line-1', 'impressions', '7', '7', '0', '0']);
  const different = RECONCILIATION_REPORTS.table(DIFFERENT);
  expect(different).toContain(': DIFFERENCES\n');
  expect(different).toMatch(/\nmissing-in-ledger +a"b\/1\/impression +1\.000000001 +USD +dsp-1\/ +pub-1 /);
  expect(different).toContain('not so: a key is billed once: k: 2 bills\n');
});

it('is reconciled when neither charges nor books differ', () => {
  expect([CLEAN, DIFFERENT, { ...CLEAN, problems: DIFFERENT.problems }].map(isReconciled)).toEqual([
    true,
    false,
    false,
  ]);
});

it('prints differences as CSV, and all of it as JSON', () => {
  expect(RECONCILIATION_REPORTS.csv(DIFFERENT)).toBe(
    'verdict,key,atStake,currency,duePayer,duePublisher,due,dueFee,bookedPayer,bookedPublisher,booked,bookedFee\r\n' +
      'missing-in-ledger,"a""b/1/impression",1.000000001,USD,dsp-1/,pub-1,1.000000001,0.00,,,,\r\n',
  );
  const json = JSON.parse(RECONCILIATION_REPORTS.json(DIFFERENT));
  expect(json).toMatchObject({ reconciled: false, unreconciled: '1.000000001', verdicts: { 'missing-in-ledger': 1 } });
  expect(json.differences[0]).toMatchObject({ atStake: '1.000000001', due: { amount: '1.000000001' }, booked: null });
});

it('prints two systems, and whether it is safe to go over', () => {
  const deltas = [
    {
      dimension: 'dsp',
      id: 'dsp-1',
      measure: 'spend USD',
      ours: 10n ** 9n,
      theirs: 0n,
      share: 1,
      volume: 5000,
      verdict: 'exceeds',
    },
    {
      dimension: 'total',
      id: '',
      measure: 'clicks',
      ours: 5000n,
      theirs: 5001n,
      share: 0.0002,
      volume: 5001,
      verdict: 'holds',
    },
  ] as const;
  const comparison = { verdict: 'unsafe', threshold: 0.001, volumeMin: 3000, deltas } as const;
  expect(COUNT_REPORTS.table(comparison).split('\n')[0]).toBe(
    'NOT safe to flip: they differ (threshold 0.1%, judged from 3000 events on)',
  );
  expect(COUNT_REPORTS.csv(comparison)).toContain('exceeds,dsp,dsp-1,spend USD,1.00,0.00,100.0000,5000\r\n');
  expect(JSON.parse(COUNT_REPORTS.json(comparison))).toMatchObject({
    safeToFlip: false,
    deltas: [{ id: 'dsp-1' }, { ours: 5000, theirs: 5001, deltaPercent: '0.0200' }],
  });
});
