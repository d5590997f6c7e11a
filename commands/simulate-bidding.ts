/** `gavel simulate bidding`: published bidding policies over logs of auctions, or a file of published results again. */
import { readFileSync } from 'node:fs';
import { AuctionLogError } from '../simulator/bidding/auction-log.ts';
import { BiddingError } from '../simulator/bidding/bidding-error.ts';
import { CONTROL_STANDARD, runEcpcControl } from '../simulator/bidding/ecpc-experiment.ts';
import {
  CAMPAIGN_POLICIES,
  type CampaignPolicy,
  EPISODE_POLICIES,
  type EpisodePolicy,
  runCampaign,
  runEpisodes,
  type TrainFigures,
} from '../simulator/bidding/experiment.ts';
import { totalsOf } from '../simulator/bidding/log-totals.ts';
import { campaignPrices, campaignTotals } from '../simulator/bidding/published/campaign-tables.ts';
import { publishedPlaces } from '../simulator/bidding/published/published-places.ts';
import { reproduce } from '../simulator/bidding/published/published-results.ts';
import type { Figures, PublishedRow } from '../simulator/bidding/published/published-row.ts';
import {
  BID_MAX,
  BIDDING_COMMAND,
  type BiddingOptionName,
  type BiddingOptions,
  decimal,
  given,
  whole,
} from './bidding-options.ts';
import { readOptions } from './options.ts';
import { TABLE_FORMATS } from './report-table.ts';
import { UsageError } from './usage-error.ts';

export async function simulateBidding(args: readonly string[]): Promise<void> {
  const options = readOptions(BIDDING_COMMAND, args);
  if (options === null) return;
  try {
    if (options.expected === undefined) await runPolicies(options);
    else await runPublished(options, options.expected);
  } catch (error) {
    if (error instanceof BiddingError || error instanceof AuctionLogError) {
      throw new UsageError(`simulate bidding: ${error.message}`);
    }
    throw error;
  }
}

/** Kinds of policies: by whose rules they bid, and which options those have. */
const KINDS = {
  episode: {
    policies: EPISODE_POLICIES,
    options: [
      'train',
      'datasets',
      'campaign',
      'cost-train',
      'imp-train',
      'clk-train',
      'episode',
      'c0',
      'max-bid',
      'b0',
      'budget',
    ],
    run: runByEpisode,
  },
  campaign: {
    policies: CAMPAIGN_POLICIES,
    options: ['train', 'budget', 'budget-share', 'para', 'click-value', 'l'],
    run: runWithOneBudget,
  },
  control: {
    policies: ['pid'],
    options: [
      'train',
      'reference-ecpc',
      'rounds',
      'base-bid',
      'min-bid',
      'first-bid',
      'kp',
      'ki',
      'kd',
      'phi-min',
      'phi-max',
    ],
    run: runControl,
  },
} as const satisfies Record<
  string,
  {
    readonly policies: readonly string[];
    readonly options: readonly BiddingOptionName[];
    readonly run: (options: BiddingOptions, data: string, policies: readonly string[]) => Promise<readonly Line[]>;
  }
>;

/** A line of the printed table. */
type Line = Readonly<Record<string, string | number>>;

async function runPolicies(options: BiddingOptions): Promise<void> {
  const { policy, data } = options;
  if (policy === undefined || data === undefined) {
    throw new UsageError('simulate bidding: --policy and --data are needed, or --expected');
  }
  const policies = policy.split(',');
  const kind = Object.values(KINDS).find((one) => policies.every((name) => isOneOf(one.policies, name)));
  if (kind === undefined) {
    const kinds = Object.values(KINDS).map((one) => one.policies.join(', '));
    throw new UsageError(`--policy must be of one kind: ${kinds.join('; ')}; is "${policy}"`);
  }
  refuseOthers(options, ['policy', 'data', 'json', ...kind.options], `--policy ${policy}`);
  print(options, await kind.run(options, data, policies));
}

/** An option without effect is a mistake of the caller. */
function refuseOthers(options: BiddingOptions, known: readonly BiddingOptionName[], of: string): void {
  const other = Object.keys(options).find((name) => !isOneOf(known, name));
  if (other !== undefined) throw new UsageError(`--${other} has no effect with ${of}`);
}

async function runByEpisode(options: BiddingOptions, dataPath: string, policies: readonly string[]): Promise<Line[]> {
  const { budget, tallies } = await runEpisodes({
    dataPath,
    policies: policies as readonly EpisodePolicy[],
    train: await trainFigures(options),
    ...given('episodeAuctions', whole(options, 'episode', 1)),
    ...given('budget', whole(options, 'budget', 0)),
    ...given('budgetShare', decimal(options, 'c0', { min: 0 })),
    ...given('bidMax', whole(options, 'max-bid', 0, BID_MAX)),
    ...given('bidAtAverage', decimal(options, 'b0', { min: 0 })),
  });
  return [...tallies].map(([policy, tally]) => ({ policy, budget, ...tally }));
}

/** Of --train or of --campaign in --datasets, and over these what is given by hand. */
async function trainFigures(options: BiddingOptions): Promise<TrainFigures> {
  const learnt = await learntFigures(options);
  const figure = (option: 'cost-train' | 'imp-train' | 'clk-train', standard: number | undefined): number => {
    const value = whole(options, option, 0) ?? standard;
    if (value !== undefined) return value;
    throw new UsageError(`--${option} is needed: there is no --train, and no --campaign with its --datasets`);
  };
  return {
    ...learnt,
    cost: figure('cost-train', learnt?.cost),
    auctions: figure('imp-train', learnt?.auctions),
    clicks: figure('clk-train', learnt?.clicks),
  };
}

async function learntFigures({ train, campaign, datasets }: BiddingOptions): Promise<TrainFigures | null> {
  if ((campaign === undefined) !== (datasets === undefined)) {
    throw new UsageError(
      '--campaign and --datasets need each other: the campaign to learn from, and the folder it is in',
    );
  }
  if (campaign === undefined || datasets === undefined) return train === undefined ? null : totalsOf(train);
  if (train !== undefined) throw new UsageError('--train and --campaign are both to learn from: name one');
  return { ...campaignTotals(datasets, campaign), priceCounts: campaignPrices(datasets, campaign) };
}

async function runWithOneBudget(
  options: BiddingOptions,
  dataPath: string,
  policies: readonly string[],
): Promise<Line[]> {
  const para = given('para', decimal(options, 'para', { min: 0 }));
  const { budget, tallies } = await runCampaign({
    dataPath,
    trainPath: trainLog(options),
    policies: (policies as readonly CampaignPolicy[]).map((name) => ({ name, ...para })),
    ...given('budget', decimal(options, 'budget', { min: 0 })),
    ...given('budgetShare', decimal(options, 'budget-share', { min: 0 })),
    ...given('clickValue', decimal(options, 'click-value', { min: 0 })),
    ...given('curvature', decimal(options, 'l', { min: 0 })),
  });
  return [...tallies].map(([policy, tally]) => ({ policy, budget, ...tally }));
}

async function runControl(options: BiddingOptions, dataPath: string): Promise<Line[]> {
  const { gains } = CONTROL_STANDARD;
  const { trace, settledFromRound } = await runEcpcControl({
    dataPath,
    trainPath: trainLog(options),
    ...given('rounds', whole(options, 'rounds', 1)),
    control: {
      ...CONTROL_STANDARD,
      ...given('ecpcReference', decimal(options, 'reference-ecpc', { min: 0 })),
      ...given('bidAtAverage', decimal(options, 'base-bid', { min: 0 })),
      ...given('bidMin', decimal(options, 'min-bid', { min: 0 })),
      ...given('firstBid', decimal(options, 'first-bid', { min: 0 })),
      ...given('phiMin', decimal(options, 'phi-min', {})),
      ...given('phiMax', decimal(options, 'phi-max', {})),
      gains: {
        proportional: decimal(options, 'kp', {}) ?? gains.proportional,
        integral: decimal(options, 'ki', {}) ?? gains.integral,
        derivative: decimal(options, 'kd', {}) ?? gains.derivative,
      },
    },
  });
  return trace.map((round) => ({
    ...round,
    settled: settledFromRound !== null && round.round >= settledFromRound ? 'yes' : 'no',
  }));
}

function trainLog({ train }: BiddingOptions): string {
  if (train === undefined) throw new UsageError('--train is needed: bids are in proportion to its average CTR');
  return train;
}

async function runPublished(options: BiddingOptions, path: string): Promise<void> {
  refuseOthers(options, ['expected', 'datasets', 'json'], '--expected');
  const rows: PublishedRow[] = [];
  for await (const row of reproduce(readJson(path), publishedPlaces(path, options.datasets))) rows.push(row);
  print(
    options,
    options.json === true
      ? rows
      : rows.map(({ section, row, published, reproduced, isEqual }) => ({
          section,
          row,
          published: figuresText(published, published),
          reproduced: figuresText(reproduced, published),
          verdict: isEqual ? 'equal' : 'DIFFERS',
        })),
  );
  const different = rows.filter(({ isEqual }) => !isEqual).length;
  process.stderr.write(`${rows.length - different} of ${rows.length} published rows are reproduced\n`);
  if (different > 0) process.exitCode = 1;
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UsageError(`--expected: ${path}: ${(error as Error).message}`);
  }
}

/** With as many decimals as the published figures, so that a difference is seen and noise is not. */
function figuresText(figures: Figures, published: Figures): string {
  const decimals = Object.values(published).some((value) => !Number.isInteger(value)) ? 4 : 0;
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${Number(value.toFixed(decimals))}`)
    .join('  ');
}

function print(options: BiddingOptions, lines: readonly object[]): void {
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify(lines)}\n`);
    return;
  }
  const rows = lines as readonly Line[];
  const columns = Object.entries(rows[0] ?? {}).map(([name, value]) => ({ name, isNumber: typeof value === 'number' }));
  process.stdout.write(
    TABLE_FORMATS.table(
      columns,
      rows.map((line) => columns.map(({ name }) => shown(line[name]!))),
    ),
  );
}

function shown(value: string | number): string | number {
  return typeof value === 'number' ? Number(value.toFixed(4)) : value;
}

function isOneOf(names: readonly string[], name: string): boolean {
  return names.includes(name);
}
