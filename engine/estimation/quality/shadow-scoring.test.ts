import { expect, it } from 'vitest';
import { buildBid } from '../../auction/testing/build-input.ts';
import { buildRequest, buildSubject } from '../../exchange/testing/build-exchange.ts';
import { emptyRateTables } from '../features/rate-tables.ts';
import { FEATURE_COUNT } from '../features/schema.ts';
import { rowsWithRates } from '../features/training-rows.ts';
import type { ServedModel } from '../served-model.ts';
import type { AwaitedWin } from './estimate-quality.ts';
import { ShadowScoring } from './shadow-scoring.ts';

const REQUEST = buildRequest({
  imp: ['1', '2'].map((id) => ({ id, tagid: `tag-${id}`, banner: { format: [{ w: 300, h: 250 }] } })),
  device: { devicetype: 4, os: 'iOS' },
});
const SUBJECT = buildSubject(REQUEST);

function candidate(version: number, estimate: number) {
  const rows: Float64Array[] = [];
  const model: ServedModel = {
    version,
    schemaHash: 'schema',
    featureCount: FEATURE_COUNT,
    rates: emptyRateTables(),
    score: (row, count, out) => {
      rows.push(row.slice(0, count * FEATURE_COUNT));
      out.fill(estimate, 0, count);
    },
  };
  return { model, rows };
}

function winOf(impId: string): AwaitedWin {
  const bid = buildBid({ impId, pricing: 'cpc', width: 300 }, 0);
  const impression = { auctionId: 'a', impId, atMs: 0, version: '1', estimate: 0.1, shadow: null };
  return { bid, impression };
}

it('scores the row that training would have had', () => {
  const { model, rows } = candidate(9, 0.25);
  const scoring = new ShadowScoring({ current: () => model });
  const win = winOf('2');
  scoring.offer(win, SUBJECT);
  expect(win.impression.shadow).toBeNull();
  scoring.scoreSome();
  expect(win.impression.shadow).toEqual({ version: '9', estimate: 0.25 });
  const logged = { id: '', day: '', atMs: SUBJECT.atMs, request: REQUEST, imp: REQUEST.imp[1]!, bid: win.bid };
  const expected = rowsWithRates(
    [{ ...logged, isClicked: false, clickedAtMs: null, clickProbability: null, conversion: null }],
    emptyRateTables(),
  );
  expect(rows).toEqual([expected]);
});

it('says nothing without a candidate, or when that gives no probability', () => {
  let model: ServedModel | null = null;
  const scoring = new ShadowScoring({ current: () => model });
  for (const next of [null, candidate(1, Number.NaN).model, candidate(2, 1).model]) {
    model = next;
    const win = winOf('1');
    scoring.offer(win, SUBJECT);
    scoring.scoreSome();
    expect(win.impression.shadow).toBeNull();
  }
  expect(scoring.waiting).toBe(0);
});

it('holds so many, refuses the newest, and scores some at a time in their order', () => {
  const { model, rows } = candidate(1, 0.5);
  const scoring = new ShadowScoring({ current: () => model });
  const wins = Array.from({ length: 256 }, () => winOf('1'));
  for (const win of wins) expect(scoring.offer(win, SUBJECT)).toBe(true);
  expect(scoring.offer(winOf('1'), SUBJECT)).toBe(false);
  scoring.scoreSome();
  expect(rows).toHaveLength(32);
  expect(scoring.waiting).toBe(224);
  expect(wins.findIndex(({ impression }) => impression.shadow === null)).toBe(32);
});
