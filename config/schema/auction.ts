import { WAITING_DEFAULTS } from '../../engine/dsp/waiting/waiting-value.ts';
import { type ConfigSchema, choice, integer, section } from './kinds.ts';

export const AUCTION: ConfigSchema = section('How an auction runs and clears.', {
  tmaxDefaultMs: integer(100, 10, 5000, 'ms for a request that names no tmax: the p95 target of a whole request.'),
  tmaxMaxMs: integer(1000, 10, 10_000, 'ms; a larger tmax is cut to this, since every open auction holds memory.'),
  networkAllowanceMs: integer(5, 0, 1000, 'ms of tmax that the way to and from the publisher takes.'),
  decisionReserveMs: integer(3, 1, 1000, 'ms kept before the deadline for clearing and answering.'),
  progressive: {
    type: 'boolean',
    default: true,
    description: 'Close before the deadline once waiting for more bids is not worth it (docs/waiting.md).',
  },
  preliminaryAtMs: integer(
    WAITING_DEFAULTS.preliminaryMs,
    1,
    10_000,
    'ms after the calls went out at which that is asked first; every DSP has at least so long.',
  ),
  waitingCostMicrosPerMs: integer(
    WAITING_DEFAULTS.costMicrosPerMs,
    0,
    1_000_000_000,
    'Micros CPM that a ms of delay costs: usual price x the share of it that a slower answer loses. 0 waits for any gain.',
  ),
  secondPriceMechanism: choice('gsp', ['gsp', 'vcg'], 'How `at: 2` is charged where no placement says otherwise.'),
  incrementCpmMicros: integer(
    10_000,
    0,
    1_000_000_000,
    'Micros CPM above the runner-up; 10000 = 0.01, the usual cent.',
  ),
  incrementClickMicros: integer(10_000, 0, 1_000_000_000, 'The same per click, for CPC winners.'),
  incrementConversionMicros: integer(10_000, 0, 1_000_000_000, 'The same per conversion, for CPA winners.'),
  maximumCpmMicros: integer(
    1_000_000_000,
    1,
    1_000_000_000_000,
    'Micros CPM; a dearer bid is a mistake and is refused. 1e9 = 1000.00.',
  ),
  dealOrder: choice(
    'deal_first',
    ['deal_first', 'price_first'],
    'Whether a deal bid beats every open bid, or eCPM alone decides.',
  ),
  floorRulesBindDeals: {
    type: 'boolean',
    default: false,
    description: 'Whether configured and learned floors bind deal bids too; a deal has its own floor.',
  },
  missingCreativeId: choice('accept', ['accept', 'refuse'], 'Bids without `crid`.'),
  missingAdvertiserDomain: choice(
    'accept',
    ['accept', 'refuse'],
    'Bids without `adomain`: blocks cannot be checked on them.',
  ),
  missingCategory: choice('accept', ['accept', 'refuse'], 'Bids without `cat` when the request has bcat or acat.'),
  bannerSize: choice('enforce', ['enforce', 'ignore'], 'Whether a banner must have an offered size.'),
});
