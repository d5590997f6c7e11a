/** Bidding experiments over logs of auctions, by the names and rules under which they were published. */
import { readAuctionLog } from './auction-log.ts';
import { type BidReplay, type BidTally, CampaignReplay, EpisodeReplay } from './bid-replay.ts';
import { BiddingError } from './bidding-error.ts';
import type { BiddingPolicy } from './bidding-policy.ts';
import { type LogTotals, priceChances, totalsOf } from './log-totals.ts';
import { constant } from './policies/constant.ts';
import { blindValueBidder, valueBidder } from './policies/dynamic-programme.ts';
import { linear } from './policies/linear.ts';
import { ortb } from './policies/ortb.ts';
import { sam2 } from './policies/sam2.ts';
import { truthful } from './policies/truthful.ts';
import { ValueTable } from './policies/value-table.ts';

/** Policies whose budget is by episode. */
export const EPISODE_POLICIES = ['mcpc', 'lin_bid', 'ss_mdp', 'rlb'] as const;
export type EpisodePolicy = (typeof EPISODE_POLICIES)[number];

/** Policies with one budget for the whole log. */
export const CAMPAIGN_POLICIES = ['const', 'truth', 'lin', 'ortb', 'sam1', 'sam2'] as const;
export type CampaignPolicy = (typeof CAMPAIGN_POLICIES)[number];

/** What is known of a campaign before its auctions. */
export type TrainFigures = Pick<LogTotals, 'auctions' | 'clicks' | 'cost'> & {
  /** Needed by the policies that compute with chances of prices. */
  readonly priceCounts?: readonly number[];
};

export interface EpisodeExperiment {
  readonly dataPath: string;
  readonly policies: readonly EpisodePolicy[];
  readonly train: TrainFigures;
  /** Default: as the log's header says, else 1000. */
  readonly episodeAuctions?: number;
  /** Of an episode; default: `budgetShare` of what all its auctions cost on average. */
  readonly budget?: number;
  /** The published `c0`; default 1/32. */
  readonly budgetShare?: number;
  /** Default 300. */
  readonly bidMax?: number;
  /** The published `b0`, of `lin_bid`: what it bids at the average CTR. */
  readonly bidAtAverage?: number;
}

export interface EpisodeResult {
  readonly budget: number;
  readonly tallies: ReadonlyMap<EpisodePolicy, BidTally>;
}

/** Runs policies side by side through one reading of a log. Throws a BiddingError or an AuctionLogError. */
export async function runEpisodes(experiment: EpisodeExperiment): Promise<EpisodeResult> {
  const { dataPath, train, budgetShare = 1 / 32, bidMax = 300 } = experiment;
  if (train.auctions < 1) throw new BiddingError('there is no auction to learn from');
  const auctions = experiment.episodeAuctions ?? (await headerOf(dataPath)) ?? 1000;
  const budget = experiment.budget ?? Math.floor((train.cost / train.auctions) * budgetShare * auctions);
  const make = episodePolicies(experiment, { auctions, budget, bidMax });
  const replays = new Map(
    experiment.policies.map((name) => [name, new EpisodeReplay(make[name](), { auctions, budget, bidMax })]),
  );
  await replayLog(dataPath, [...replays.values()]);
  return { budget, tallies: talliesOf(replays) };
}

async function headerOf(path: string): Promise<number | undefined> {
  return (await totalsOf(path)).episodeAuctions;
}

function episodePolicies(
  { train, bidAtAverage }: EpisodeExperiment,
  episode: { readonly auctions: number; readonly budget: number; readonly bidMax: number },
): Record<EpisodePolicy, () => BiddingPolicy> {
  let values: ValueTable | undefined;
  const table = (): ValueTable => {
    if (train.priceCounts === undefined) throw new BiddingError('ss_mdp and rlb need the prices of the training data');
    values ??= new ValueTable({
      ...episode,
      ctrAverage: train.clicks / train.auctions,
      priceChances: priceChances(train.priceCounts, episode.bidMax),
    });
    return values;
  };
  return {
    mcpc: () => truthful(train.cost / clicksOf(train, 'mcpc')),
    lin_bid: () =>
      linear({
        bidAtAverage: needed(bidAtAverage, 'lin_bid', 'its bid at the average CTR, b0'),
        ctrAverage: clicksOf(train, 'lin_bid') / train.auctions,
      }),
    ss_mdp: () => blindValueBidder(table()),
    rlb: () => valueBidder(table()),
  };
}

export interface CampaignExperiment {
  readonly dataPath: string;
  readonly trainPath: string;
  /** Each with its published `para`, tuned on the training data; `truth` has none. */
  readonly policies: readonly { readonly name: CampaignPolicy; readonly para?: number }[];
  /** Default: `budgetShare` of what all auctions of the log cost. */
  readonly budget?: number;
  /** Default 1/16. */
  readonly budgetShare?: number;
  /** Value of a click, the published `R`; default: a fifth of what a click cost in training. */
  readonly clickValue?: number;
  /** The published `l`: the price that wins half the auctions, for `ortb` and `sam2`. Default 32. */
  readonly curvature?: number;
}

/** Of what a click cost in training: so the published experiments set what it is worth. */
const CLICK_VALUE_SHARE = 0.2;

export interface CampaignResult {
  readonly budget: number;
  readonly tallies: ReadonlyMap<CampaignPolicy, BidTally>;
}

/** As `runEpisodes`. */
export async function runCampaign(experiment: CampaignExperiment): Promise<CampaignResult> {
  const train = await totalsOf(experiment.trainPath);
  const budget = experiment.budget ?? (await totalsOf(experiment.dataPath)).cost * (experiment.budgetShare ?? 1 / 16);
  const make = campaignPolicies(experiment, train);
  const campaign = { budget, auctionsMax: Number.POSITIVE_INFINITY };
  const replays = new Map(
    experiment.policies.map(({ name, para }) => [name, new CampaignReplay(make[name](para), campaign)]),
  );
  await replayLog(experiment.dataPath, [...replays.values()]);
  return { budget, tallies: talliesOf(replays) };
}

function campaignPolicies(
  { curvature = 32, clickValue }: CampaignExperiment,
  train: LogTotals,
): Record<CampaignPolicy, (para: number | undefined) => BiddingPolicy> {
  if (train.ctrSum === 0) throw new BiddingError('the training data have no auction with a CTR above 0');
  const ctrAverage = train.ctrSum / train.auctions;
  const worth = (name: string): number => clickValue ?? (CLICK_VALUE_SHARE * train.cost) / clicksOf(train, name);
  const bidAtAverage = (para: number | undefined, name: string): number =>
    needed(para, name, 'its bid at the average CTR, para');
  return {
    const: (para) => constant(needed(para, 'const', 'its bid, para')),
    truth: () => truthful(worth('truth')),
    lin: (para) => linear({ bidAtAverage: bidAtAverage(para, 'lin'), ctrAverage }),
    ortb: (para) => ortb({ bidAtAverage: bidAtAverage(para, 'ortb'), ctrAverage, curvature }),
    sam1: (para) => linear({ bidAtAverage: bidAtAverage(para, 'sam1'), ctrAverage }),
    sam2: (para) =>
      sam2({ clickValue: worth('sam2'), multiplier: needed(para, 'sam2', 'its multiplier, para'), curvature }),
  };
}

/** Puts the auctions of a log before bidders. */
export async function replayLog(path: string, replays: readonly BidReplay[]): Promise<void> {
  await readAuctionLog(path, {
    episode: () => {
      for (const replay of replays) replay.beginEpisode();
    },
    auction: (auction) => {
      for (const replay of replays) replay.auction(auction);
    },
  });
}

function talliesOf<Name>(replays: ReadonlyMap<Name, BidReplay>): Map<Name, BidTally> {
  return new Map([...replays].map(([name, replay]) => [name, replay.tally]));
}

function clicksOf(train: Pick<LogTotals, 'clicks'>, policy: string): number {
  if (train.clicks > 0) return train.clicks;
  throw new BiddingError(`${policy} prices by the clicks of the training data, which have none`);
}

function needed(value: number | undefined, policy: string, what: string): number {
  if (value !== undefined) return value;
  throw new BiddingError(`${policy} needs ${what}: the experiment names none`);
}
