/**
 * Owns what a call must be worth to be made: the threshold that audits of single requests move (docs/shaping.md). Each
 * audit may change it; what holds is published, so that requests read it without mail. The DSPs' actors own the rest.
 *
 * Overflow policy `drop-oldest`: the latest audits say most.
 */
import { type RequestShaping, shapeRequest } from '../engine/dsp/shaping/request-shaping.ts';
import {
  type CallThreshold,
  createThreshold,
  recordAudit,
  type ThresholdOptions,
} from '../engine/dsp/shaping/threshold.ts';
import type { AuctionRanking } from '../engine/dsp/waiting/auction-ranking.ts';
import type { Clock } from '../engine/ports/clock.ts';
import type { Random } from '../engine/ports/random.ts';
import type { RequestFeatures } from '../engine/traffic/request-features.ts';
import { type ActorParent, spawnActor } from './mailbox.ts';
import type { Supervisor } from './supervision.ts';

export interface ShapingMessage {
  readonly kind: 'audit';
  readonly ranking: AuctionRanking;
  readonly expectedMicros: ReadonlyMap<string, number>;
}

export interface ShapingActorOptions {
  readonly threshold: ThresholdOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly supervisor: Supervisor;
  readonly onOverflow: () => void;
}

export interface ShapingActor {
  /** What the DSPs need to know to judge a request. */
  readonly shape: (features: RequestFeatures) => RequestShaping;
  /** To be told of every decided request; those that are no audits are passed over. Money in the exchange currency. */
  readonly audit: (shaping: RequestShaping, ranking: AuctionRanking) => void;
}

const MAILBOX_LENGTH_MAX = 1000;

export function spawnShapingActor(parent: ActorParent, options: ShapingActorOptions): ShapingActor {
  const { clock, random, threshold: thresholdOptions } = options;
  let published: CallThreshold = createThreshold(thresholdOptions);
  const mailbox = spawnActor<CallThreshold, ShapingMessage>(parent, clock, {
    name: 'shaping',
    initialState: () => {
      published = createThreshold(thresholdOptions);
      return published;
    },
    handle: (threshold, { ranking, expectedMicros }, nowMs) => {
      recordAudit(threshold, ranking, expectedMicros, nowMs);
      return threshold;
    },
    supervisor: options.supervisor,
    lengthMax: MAILBOX_LENGTH_MAX,
    overflow: 'drop-oldest',
    onOverflow: options.onOverflow,
  });
  return {
    shape: (features) =>
      shapeRequest(published.thresholdMicros, thresholdOptions.explorationShare, features, clock.wallMs(), random()),
    audit: ({ expectedMicros }, ranking) => {
      if (expectedMicros !== null) mailbox.tell({ kind: 'audit', ranking, expectedMicros });
    },
  };
}
