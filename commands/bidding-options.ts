/** Options of `gavel simulate bidding`, and their values. */
import { type Options, wholeNumber } from './options.ts';
import { UsageError } from './usage-error.ts';

export const BIDDING_COMMAND = {
  name: 'simulate bidding',
  summary: 'run published bidding policies over a log of auctions, or all experiments of a file of published results',
  options: {
    policy: {
      type: 'string',
      value: 'NAMES',
      help: 'mcpc, lin_bid, ss_mdp, rlb (budget by episode); const, truth, lin, ortb, sam1, sam2 (one budget); or pid. Several of a kind by commas',
    },
    data: { type: 'string', value: 'FILE', help: 'log to bid in: click, market price, CTR a line; plain or gzip' },
    train: { type: 'string', value: 'FILE', help: 'log to learn averages and prices from' },
    datasets: {
      type: 'string',
      value: 'DIR',
      help: 'folder with ipinyou/campaigns.csv and price_hist.csv (with --expected: default the folder above that of the file)',
    },
    campaign: {
      type: 'string',
      value: 'ID',
      help: 'by episode: learn from its lines in --datasets instead of --train',
    },
    'cost-train': {
      type: 'string',
      value: 'N',
      help: 'by episode: sum of prices in training, instead of the learnt one',
    },
    'imp-train': { type: 'string', value: 'N', help: 'by episode: auctions in training, likewise' },
    'clk-train': { type: 'string', value: 'N', help: 'by episode: clicks in training, likewise' },
    episode: {
      type: 'string',
      value: 'N',
      help: 'by episode: auctions of one (default: as the header of --data says, else 1000)',
    },
    c0: {
      type: 'string',
      value: 'SHARE',
      help: 'by episode: budget, as a share of what all auctions cost (default 0.03125)',
    },
    'max-bid': { type: 'string', value: 'N', help: 'by episode: highest bid (default 300)' },
    b0: { type: 'string', value: 'N', help: 'lin_bid: bid at the average CTR' },
    budget: { type: 'string', value: 'N', help: 'of an episode, or the one budget, instead of a share' },
    'budget-share': {
      type: 'string',
      value: 'SHARE',
      help: 'one budget: as a share of what all auctions of --data cost (default 0.0625)',
    },
    para: { type: 'string', value: 'N', help: 'const, lin, ortb, sam1, sam2: their parameter' },
    'click-value': {
      type: 'string',
      value: 'N',
      help: 'truth, sam2: worth of a click (default: 0.2 of what one cost in training)',
    },
    l: { type: 'string', value: 'N', help: 'ortb, sam2: price that wins every second auction (default 32)' },
    'reference-ecpc': { type: 'string', value: 'N', help: 'pid: cost by click to hold (default 40000)' },
    rounds: { type: 'string', value: 'N', help: 'pid: rounds that --data are shared among (default 40)' },
    'base-bid': { type: 'string', value: 'N', help: 'pid: uncontrolled bid at the average CTR (default 69)' },
    'min-bid': { type: 'string', value: 'N', help: 'pid: lowest bid (default 5)' },
    'first-bid': { type: 'string', value: 'N', help: 'pid: every bid of the first round (default 1000)' },
    kp: { type: 'string', value: 'N', help: 'pid: proportional gain (default 0.0005)' },
    ki: { type: 'string', value: 'N', help: 'pid: integral gain (default 0.000001)' },
    kd: { type: 'string', value: 'N', help: 'pid: derivative gain (default 0.0001)' },
    'phi-min': { type: 'string', value: 'N', help: 'pid: lowest control signal (default -2)' },
    'phi-max': { type: 'string', value: 'N', help: 'pid: highest control signal (default 5)' },
    expected: {
      type: 'string',
      value: 'FILE',
      help: 'run all experiments of this file of published results, and print these beside; exit code 1 on a difference',
    },
    json: { type: 'boolean', help: 'print JSON instead of a table' },
  },
} as const;

export type BiddingOptions = Options<typeof BIDDING_COMMAND.options>;
export type BiddingOptionName = keyof BiddingOptions;

/** Of a bid: every price up to it has its chance in a table. */
export const BID_MAX = 1_000_000;

/** Undefined when it is not given, for settings that have defaults; else a UsageError for what is no such number. */
export function whole(
  options: BiddingOptions,
  option: BiddingOptionName,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
): number | undefined {
  const text = options[option];
  return typeof text === 'string' ? wholeNumber(text, option, min, { min, max }) : undefined;
}

/** As `whole`. */
export function decimal(
  options: BiddingOptions,
  option: BiddingOptionName,
  { min }: { readonly min?: number },
): number | undefined {
  const text = options[option];
  if (typeof text !== 'string') return undefined;
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && (min === undefined || value >= min)) return value;
  throw new UsageError(`--${option} must be a number${min === undefined ? '' : ` of ${min} or more`}, is "${text}"`);
}

/** `{ [key]: value }`, or nothing when there is none. */
export function given<Key extends string>(key: Key, value: number | undefined): { readonly [K in Key]?: number } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [K in Key]?: number };
}
