/** Control of the cost per click over a log of auctions, round by round. */
import { CampaignReplay } from './bid-replay.ts';
import { BiddingError } from './bidding-error.ts';
import { replayLog } from './experiment.ts';
import { totalsOf } from './log-totals.ts';
import { EcpcControl, type EcpcControlOptions, type EcpcRound } from './policies/ecpc-control.ts';

type Control = Omit<EcpcControlOptions, 'auctionsPerRound' | 'ctrAverage' | 'onRound'>;

/** As published for campaign 1458. */
export const CONTROL_STANDARD: Control = {
  ecpcReference: 40_000,
  bidAtAverage: 69,
  bidMin: 5,
  firstBid: 1000,
  gains: { proportional: 0.0005, integral: 0.000_001, derivative: 0.0001 },
  phiMin: -2,
  phiMax: 5,
};

export interface EcpcExperiment {
  readonly dataPath: string;
  /** Its mean CTR is the one that bids are in proportion to. */
  readonly trainPath: string;
  readonly control: Control;
  /** That share the auctions of the log; what is left over is not bid on. Default 40. */
  readonly rounds?: number;
}

/** A round of the published trace. */
export interface EcpcTraceRow extends EcpcRound {
  /** Clicks so far by all clicks of the log. */
  readonly clickRatio: number;
  /** Wins so far by all auctions of the log. */
  readonly winRatio: number;
}

export interface EcpcResult {
  readonly trace: readonly EcpcTraceRow[];
  /** First round from which on the cost per click stayed within 10% of its reference; null when it ended outside. */
  readonly settledFromRound: number | null;
}

/** Throws a BiddingError or an AuctionLogError. */
export async function runEcpcControl(experiment: EcpcExperiment): Promise<EcpcResult> {
  const { dataPath, trainPath, control, rounds = 40 } = experiment;
  if (control.phiMin > control.phiMax) {
    throw new BiddingError(`the control signal has no room from ${control.phiMin} to ${control.phiMax}`);
  }
  const [data, train] = [await totalsOf(dataPath), await totalsOf(trainPath)];
  if (train.ctrSum === 0) throw new BiddingError('the training data have no auction with a CTR above 0');
  const auctionsPerRound = Math.floor(data.auctions / rounds);
  if (auctionsPerRound < 1) throw new BiddingError(`${data.auctions} auctions are too few for ${rounds} rounds`);
  const trace: EcpcTraceRow[] = [];
  const policy = new EcpcControl({
    ...control,
    auctionsPerRound,
    ctrAverage: train.ctrSum / train.auctions,
    onRound: (round) => {
      const clickRatio = data.clicks === 0 ? 0 : round.clicks / data.clicks;
      trace.push({ ...round, clickRatio, winRatio: round.wins / data.auctions });
    },
  });
  const auctionsMax = rounds * auctionsPerRound;
  await replayLog(dataPath, [new CampaignReplay(policy, { budget: Number.POSITIVE_INFINITY, auctionsMax })]);
  return { trace, settledFromRound: settledFrom(trace, control.ecpcReference) };
}

function settledFrom(trace: readonly EcpcTraceRow[], reference: number): number | null {
  const lastOutside = trace.findLastIndex(({ ecpc }) => Math.abs(ecpc - reference) > 0.1 * reference);
  return trace[lastOutside + 1]?.round ?? null;
}
