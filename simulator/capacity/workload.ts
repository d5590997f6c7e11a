/** What is asked of a fleet, and what its machines are. */
export interface Workload {
  /** At the peak of the day. */
  readonly auctionsPerSec: number;
  /** DSPs, and how many of them an auction calls on average: shaping leaves some out. */
  readonly dsps: number;
  readonly callsPerAuction: number;
  /** How long a DSP takes, and an auction from request to answer. */
  readonly dspLatencyMs: number;
  readonly auctionMs: number;

  /** Bytes on the wire, headers included. */
  readonly requestBytes: number;
  readonly answerBytes: number;
  readonly callBytes: number;
  readonly bidBytes: number;

  /** The event of the auction; then those of what became of its ads (win, impression, click, notice), by auction. */
  readonly auctionEventBytes: number;
  readonly adEventsPerAuction: number;
  readonly adEventBytes: number;

  /** Auctions in which campaigns of our own with frequency caps take part, and that they win. */
  readonly cappedShare: number;
  readonly houseWinShare: number;
  readonly campaigns: number;

  /** Utilisation of a core at the peak, and while a region is lost. */
  readonly utilisationMax: number;
  readonly utilisationMaxInFailure: number;
  /** How fast the peak can rise, as a share of it by second, and how long until new machines serve. */
  readonly growthPerSec: number;
  readonly provisioningSec: number;
  /** Of the traffic, by region; the sum is 1. */
  readonly regionShares: readonly number[];

  readonly coresPerMachine: number;
  readonly networkGbitPerMachine: number;
  /** What a partition of the topic takes: of what the brokers store, and of what one consumer of each group keeps up with. */
  readonly partitionBytesPerSec: number;
  readonly partitionEventsPerSec: number;
}

/** Where each figure comes from is in docs/scale.md. */
export const WORKLOAD_STANDARD: Workload = {
  auctionsPerSec: 10_000,
  dsps: 50,
  callsPerAuction: 50,
  dspLatencyMs: 30,
  auctionMs: 40,
  requestBytes: 1700,
  answerBytes: 1500,
  callBytes: 1900,
  bidBytes: 1300,
  auctionEventBytes: 5050,
  adEventsPerAuction: 2.2,
  adEventBytes: 300,
  cappedShare: 0.5,
  houseWinShare: 0.1,
  campaigns: 10_000,
  utilisationMax: 0.6,
  utilisationMaxInFailure: 0.8,
  growthPerSec: 0.001,
  provisioningSec: 90,
  regionShares: [0.6, 0.3, 0.1],
  coresPerMachine: 16,
  networkGbitPerMachine: 10,
  partitionBytesPerSec: 10_000_000,
  partitionEventsPerSec: 9_400,
};
