import { RESERVE_ESTIMATORS } from '../../engine/auction/reserve/estimator.ts';
import { type ConfigSchema, choice, integer, section } from './kinds.ts';

export const LEARNED_RESERVE: ConfigSchema = section(
  'Reserve prices learned from bids, per placement (docs/auction.md).',
  {
    estimator: choice(
      'empirical',
      ['off', ...Object.keys(RESERVE_ESTIMATORS)],
      "How Myerson's r* is estimated; `empirical` assumes no shape.",
    ),
    windowSize: integer(
      2000,
      100,
      10_000,
      'Latest bids per placement that are looked at; a window is estimated in one go, so it is bounded.',
    ),
    observationsMin: integer(500, 30, 1_000_000, 'Bids before the first reserve: fewer make it noise.'),
    changeRatioMax: {
      type: 'number',
      default: 0.1,
      exclusiveMinimum: 0,
      maximum: 1,
      description: 'Largest relative change per step, so that one odd window cannot empty a placement.',
    },
    stepIntervalMs: integer(10_000, 100, 3_600_000, 'ms between two steps.'),
    placementsMax: integer(
      10_000,
      1,
      1_000_000,
      'Placements remembered; a placement must be seen often to make one that is not seen any more give way.',
    ),
  },
);
