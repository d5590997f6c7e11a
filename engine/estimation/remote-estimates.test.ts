import { expect, it } from 'vitest';
import { buildBid } from '../auction/testing/build-input.ts';
import { buildRequest, buildSubject } from '../exchange/testing/build-exchange.ts';
import { TAG_ALL, tagOfId } from './cache/invalidations.ts';
import type { DraftCandidate } from './click-estimates.ts';
import type { EstimateBatch } from './estimate-batch.ts';
import type { EstimateQuestion } from './estimate-question.ts';
import { emptyRateTables } from './features/rate-tables.ts';
import { FEATURE_COUNT, FEATURES } from './features/schema.ts';
import { RemoteEstimates } from './remote-estimates.ts';

const AD_WIDTH = FEATURES.findIndex(({ name }) => name === 'ad.width');
const SOURCES = ['l1', 'stale', 'fallback'] as const;

const imps = ['1', '2'].map((id) => ({ id, tagid: `tag-${id}`, banner: { format: [{ w: 300, h: 250 }] } }));
const draft = (width: number, impId: string): DraftCandidate => buildBid({ impId, width, pricing: 'cpc' }, width);

function estimating(fill: (batch: EstimateBatch) => readonly EstimateQuestion[]): RemoteEstimates {
  return new RemoteEstimates({ rates: emptyRateTables(), estimateNow: fill, version: () => 'v7' });
}

it('each candidate gets the value of its own row, where it is from and which model said it', () => {
  const questions = [{} as EstimateQuestion];
  const estimates = estimating((batch) => {
    for (let row = 0; row < batch.count; row++) {
      batch.set(row, batch.rows[row * FEATURE_COUNT + AD_WIDTH]! / 1000, SOURCES[row]!);
    }
    return questions;
  });
  // Rows are of one imp after the other.
  const candidates = [draft(100, '2'), draft(200, '1'), draft(300, '2'), draft(400, 'elsewhere')];
  const prior = candidates[3]!.ctr;
  expect(estimates.estimate(buildSubject(buildRequest({ imp: imps })), candidates, ['', '', '', ''])).toBe(questions);
  expect(candidates.map(({ ctr, ctrSource, ctrModel }) => [ctr, ctrSource, ctrModel])).toEqual([
    [0.1, 'stale', 'v7'],
    [0.2, 'l1', 'v7'],
    [0.3, 'fallback', null],
    [prior, 'prior', null],
  ]);
});

it('predictions are tagged by campaign, user and device, and by nothing where these are not known', () => {
  const seen: [user: number, device: number, campaigns: number[]][] = [];
  const estimates = estimating((batch) => {
    seen.push([batch.userTag, batch.deviceTag, [...batch.campaignTags.subarray(0, batch.count)]]);
    return [];
  });
  for (const parts of [
    { user: { id: 'u' }, device: { ifa: 'd' } },
    { user: { id: '' }, device: { ifa: 'd' } },
    { user: { id: 'u' } },
    {},
  ]) {
    const subject = buildSubject(buildRequest({ imp: imps, ...parts }));
    estimates.estimate(subject, [draft(1, '2'), draft(2, '1')], ['c', '']);
  }
  const campaigns = [TAG_ALL, tagOfId('campaign', 'c')];
  expect(seen).toEqual([
    [tagOfId('user', 'u'), tagOfId('user', 'd'), campaigns],
    [TAG_ALL, tagOfId('user', 'd'), campaigns],
    [tagOfId('user', 'u'), TAG_ALL, campaigns],
    [TAG_ALL, TAG_ALL, campaigns],
  ]);
});
