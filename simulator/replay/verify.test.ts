import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { buildOutcome } from '../../engine/events/testing/build-events.ts';
import type { AuctionEvent } from '../../engine/exchange/auction-event.ts';
import { buildAuctionEvent } from '../../engine/exchange/testing/build-auction-event.ts';
import { ALL_TIME, recordedAuction, recordedIn } from './testing/recorded-log.ts';
import { type AuctionDifference, type VerificationReport, verifyEvents } from './verify.ts';

const TWO_BIDS = { bids: [{ priceMicros: 3_000_000 }, { priceMicros: 2_000_000 }] };

async function verify(
  ...events: readonly (AuctionEvent | string)[]
): Promise<{ readonly report: VerificationReport; readonly differences: readonly AuctionDifference[] }> {
  const differences: AuctionDifference[] = [];
  const report = await verifyEvents({
    events: recordedIn([events]),
    window: ALL_TIME,
    onDifference: async (difference) => void differences.push(difference),
  });
  return { report, differences };
}

function withOutcome(
  event: AuctionEvent,
  change: (outcome: NonNullable<AuctionEvent['outcome']>) => object,
): AuctionEvent {
  return { ...event, outcome: { ...event.outcome!, ...change(event.outcome!) } };
}

it('finds nothing in what the product decided', async () => {
  const { report, differences } = await verify(
    recordedAuction({ auctionId: '1', ...TWO_BIDS }),
    recordedAuction({ auctionId: '2', bids: [{ priceMicros: -1 }] }),
    recordedAuction({ auctionId: '3' }, { ending: 'cancelled' }),
  );
  expect(differences).toEqual([]);
  expect(report).toMatchObject({ decided: 3, identical: 3, different: 0, bids: 3, wins: 1, undecided: {} });
});

it.each([
  [
    'price',
    (event: AuctionEvent) => withOutcome(event, ({ wins }) => ({ wins: [{ ...wins[0], clearingCpmMicros: 1 }] })),
    'wins',
    'clearingCpmMicros',
  ],
  ['winner', (event: AuctionEvent) => withOutcome(event, () => ({ wins: [] })), 'wins', ''],
  [
    'reason',
    (event: AuctionEvent) =>
      withOutcome(event, ({ bids: [won, lost] }) => ({ bids: [won, { ...lost, reason: 'lost-to-deal' }] })),
    'bids',
    'reason',
  ],
  [
    'minimum-to-win',
    (event: AuctionEvent) =>
      withOutcome(event, ({ bids: [won, lost] }) => ({ bids: [won, { ...lost, minimumToWinMicros: 7 }] })),
    'bids',
    'minimumToWinMicros',
  ],
  [
    'value',
    (event: AuctionEvent) =>
      withOutcome(event, ({ bids: [won, lost] }) => ({ bids: [won, { ...lost, ecpmMicros: 7 }] })),
    'bids',
    'ecpmMicros',
  ],
  [
    'eligibility',
    (event: AuctionEvent) =>
      withOutcome(event, ({ bids: [won, lost] }) => ({ bids: [won, { ...lost, status: 'refused' }] })),
    'bids',
    'status',
  ],
  ['record', (event: AuctionEvent) => ({ ...event, ending: 'no-bid' as const }), 'ending', ''],
  [
    'record',
    (event: AuctionEvent) => ({ ...event, billingNotices: [{ bidIndex: 1, dspId: 'dsp-b', url: 'https://b' }] }),
    'billingNotices',
    '',
  ],
  [
    'record',
    (event: AuctionEvent) => ({
      ...event,
      reservations: [
        { key: 'auction-1/1/impression', bidIndex: 0, accountId: 'a', epoch: 1, sequence: 1, amount: 5, heldMs: 1 },
      ],
    }),
    'reservations',
    'amount',
  ],
  ['failure', (event: AuctionEvent) => ({ ...event, input: { ...event.input!, imps: null as never } }), 'outcome', ''],
] as const)('names %s as where it begins to differ, and the field', async (cause, change, part, field) => {
  const { report, differences } = await verify(
    recordedAuction({ auctionId: 'same', ...TWO_BIDS }),
    change(recordedAuction(TWO_BIDS)),
  );
  expect(report).toMatchObject({ decided: 2, identical: 1, different: 1, causes: { [cause]: 1 } });
  expect(differences).toMatchObject([{ auctionId: 'auction-1', source: 'log-0', position: 1, cause }]);
  expect(differences[0]!.fields).toContainEqual(expect.objectContaining({ cause, part, field }));
});

it('says who the bid is, and both values', async () => {
  const changed = withOutcome(recordedAuction(TWO_BIDS), ({ wins }) => ({ wins: [{ ...wins[0], bidIndex: 1 }] }));
  const { differences } = await verify(changed);
  expect(differences[0]!.fields).toEqual([
    {
      cause: 'winner',
      part: 'wins',
      impId: '1',
      bidIndex: 1,
      dspId: 'dsp-b',
      bidId: 'bid-b',
      field: 'bidIndex',
      recorded: 1,
      now: 0,
    },
  ]);
});

it('reads older versions, and says so', async () => {
  const path = join(import.meta.dirname, '../../engine/events/released/auction.v1.sample.json');
  const sample = JSON.parse(readFileSync(path, 'utf8'));
  const { outcome } = JSON.parse(Buffer.from(JSON.stringify(sample)).toString());
  const now = recordedAuction(TWO_BIDS);
  const { clearingUnitMicros: _, ...win } = now.outcome!.wins[0]!;
  const old = {
    ...sample,
    input: { ...now.input, bids: { count: 0, same: {}, each: {} } },
    outcome: { ...outcome, wins: [{ ...win, clearingClickMicros: null }] },
  };
  const { report, differences } = await verify(JSON.stringify(old), JSON.stringify({ ...sample, auctionId: 'sample' }));
  expect(report.read.versions).toEqual({ 1: 2 });
  expect(report).toMatchObject({ decided: 1, undecided: { won: 1 }, different: 1, differentOfOlderVersion: 1 });
  expect(differences).toMatchObject([{ storedVersion: 1, cause: 'winner' }]);
});

it('counts what is no auction, cannot be read, is lost, repeated or of another time', async () => {
  const auction = recordedAuction(TWO_BIDS);
  const events = recordedIn(
    [
      [
        auction,
        auction,
        buildOutcome('click'),
        '{"type":',
        '{"type":"auction","version":99}',
        recordedAuction({ auctionId: 'late', ...TWO_BIDS }, { atMs: auction.atMs + 1000 }),
        buildAuctionEvent({ auctionId: 'failed', ending: 'failed' }),
      ],
    ],
    [{ source: 'log-0', count: 3, reason: 'events 1 to 3 are missing' }],
  );
  const window = { fromMs: auction.atMs, untilMs: auction.atMs + 1000 };
  const report = await verifyEvents({ events, window, onDifference: async () => {} });
  expect(report.read).toEqual({
    auctions: 2,
    versions: { 2: 2 },
    otherEvents: 1,
    outsideWindow: 1,
    repeated: 1,
    lost: 3,
    unreadable: { 'not-json': 1, invalid: 1 },
    problems: [
      'log-0: events 1 to 3 are missing',
      expect.stringMatching(/^log-0, 3: not-json: /),
      expect.stringMatching(/^log-0, 4: invalid: /),
    ],
  });
  expect(report).toMatchObject({ decided: 1, identical: 1, undecided: { failed: 1 } });
});
