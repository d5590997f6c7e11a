/**
 * What was seen of a world from outside its product: at the network, at the stores, at the clients. Checks judge nothing else, so
 * what the product says of itself proves nothing. Whoever stands at such a place appends to the history in the moment it happens,
 * by the world's own time: the order of the list is the order in which things happened, also of those of one moment.
 *
 * Times are virtual ms since the start of the world, also where a process's own clock says something else.
 */
import type { BidRequest } from '../../openrtb/types.ts';

export type Observation =
  | RequestObservation
  | CallObservation
  | NoticeObservation
  | ReportObservation
  | MoneyObservation
  | ProcessObservation
  | FailoverObservation
  | FaultObservation;

/** A publisher and one of our doors. `requestId` is unique in a world: a request that is sent again is another one. */
export type RequestObservation =
  | {
      readonly kind: 'request-sent';
      readonly atMs: number;
      readonly requestId: string;
      /** The engine that it was sent to. */
      readonly process: string;
      readonly request: BidRequest;
    }
  /** All of it was there: deadlines count from here, however busy the engine is. */
  | { readonly kind: 'request-arrived'; readonly atMs: number; readonly requestId: string }
  /** Left the engine. `body` as parsed from the wire; null: it is empty. */
  | {
      readonly kind: 'answer-left';
      readonly atMs: number;
      readonly requestId: string;
      readonly status: number;
      readonly body: unknown;
    }
  /** Reached the publisher. */
  | { readonly kind: 'answer-arrived'; readonly atMs: number; readonly requestId: string }
  /** The publisher knows that no answer will come: refused, reset, its engine is gone. */
  | { readonly kind: 'request-lost'; readonly atMs: number; readonly requestId: string }
  /** The publisher hangs up. */
  | { readonly kind: 'request-cancelled'; readonly atMs: number; readonly requestId: string };

/** An engine and a DSP. */
export type CallObservation =
  | {
      readonly kind: 'call-sent';
      readonly atMs: number;
      /** Unique in a world. */
      readonly callId: string;
      readonly process: string;
      readonly dspId: string;
      /** `id` and `tmax` of the bid request on the wire; what the DSP was promised binds us. */
      readonly requestId: string;
      readonly tmaxMs: number;
    }
  /** The last byte of the answer has reached the engine's machine: true time, whenever the engine looked at it. */
  | {
      readonly kind: 'reply-arrived';
      readonly atMs: number;
      readonly callId: string;
      readonly status: number;
      /** What it offers; empty: none, or it cannot be read by anybody. */
      readonly offers: readonly Offer[];
    }
  /** Answered, failed or abandoned: nothing of it is left at the engine's end. */
  | { readonly kind: 'call-over'; readonly atMs: number; readonly callId: string };

/** One bid on the wire, as the DSP meant it. */
export interface Offer {
  readonly bidId: string;
  readonly impId: string;
  /** Micros of `currency` per mille; of bids by click or conversion, of one. */
  readonly priceMicros: number;
  readonly pricing: 'cpm' | 'cpc' | 'cpa';
  readonly currency: string;
  readonly seat: string;
  readonly creativeId: string;
}

/** A notice has reached the DSP. */
export interface NoticeObservation {
  readonly kind: 'notice-arrived';
  readonly atMs: number;
  readonly notice: 'win' | 'loss' | 'bill';
  readonly dspId: string;
  readonly url: string;
}

/** A user's device calls one of our tracking URLs. */
export type ReportObservation =
  | {
      readonly kind: 'report-sent';
      readonly atMs: number;
      /** Of this call; the same URL may be called again. */
      readonly reportId: string;
      readonly process: string;
      /** `AUCTION/IMP/TYPE`, by `bidid` and `impid` of the answer that had the URL: the key of the books. */
      readonly key: string;
      /** Who pays for the ad, as the world knows it. */
      readonly payer: 'house' | 'dsp';
    }
  | { readonly kind: 'report-answered'; readonly atMs: number; readonly reportId: string; readonly status: number };

/**
 * Where money is. A budget is `available` to `spent`; it is set by transfers from `advertiser`. What we bear ourselves goes from
 * `absorbed` to `served`.
 */
export type MoneyPlace =
  | 'advertiser'
  | 'available'
  | 'tranched'
  | 'leased'
  | 'reserved'
  | 'spent'
  | 'absorbed'
  | 'served';

/** The books, in the order of their commits. Amounts are of the account's unit: nanos of its currency, or impressions. */
export type MoneyObservation =
  | {
      readonly kind: 'budget-set';
      readonly atMs: number;
      readonly accountId: string;
      readonly unit: 'nanos' | 'impressions';
      readonly budget: number;
      /** Null: no bound by day. */
      readonly dailyBudget: number | null;
    }
  | {
      readonly kind: 'transfer';
      readonly atMs: number;
      readonly accountId: string;
      readonly from: MoneyPlace;
      readonly to: MoneyPlace;
      readonly amount: number;
      /** Billable thing that it is about; null: of a tranche or lease. */
      readonly key: string | null;
      /** Of the account's calendar, `2026-11-21`; null: of none. */
      readonly day: string | null;
      readonly lease: LeaseName | null;
      /** `sweep`: nobody asked for it, its time was over. */
      readonly by: 'holder' | 'sweep';
    }
  /** A DSP owes. */
  | {
      readonly kind: 'receivable';
      readonly atMs: number;
      readonly key: string;
      readonly dspId: string;
      readonly amount: number;
      readonly currency: string;
      readonly publisherPayable: number;
      readonly exchangeFee: number;
    };

export interface LeaseName {
  readonly epoch: number;
  readonly sequence: number;
  /** By the grant: the name of a process and, behind `-`, which of its lives it was, and a tag. */
  readonly processId: string;
}

/** A process that is started again keeps its name. */
export type ProcessObservation =
  | {
      readonly kind: 'process-started';
      readonly atMs: number;
      readonly process: string;
      readonly role: 'engine' | 'consumer';
    }
  /** `stopped`: in order, and it has said that it has done so. */
  | {
      readonly kind: 'process-ended';
      readonly atMs: number;
      readonly process: string;
      readonly how: 'killed' | 'stopped';
    };

/** What the balancer of a world with failover does. */
export interface FailoverObservation {
  readonly kind: 'failover';
  readonly atMs: number;
  /** A region, or its spare engines. */
  readonly subject: string;
  /** Null: as usual. */
  readonly state: string | null;
}

export type FaultObservation =
  | {
      readonly kind: 'fault-began';
      readonly atMs: number;
      readonly fault: string;
      readonly target: string;
    }
  | {
      readonly kind: 'fault-ended';
      readonly atMs: number;
      readonly fault: string;
      readonly target: string;
    }
  /** No fault is at work from here on, and none will be. */
  | { readonly kind: 'healed'; readonly atMs: number }
  /** No request is sent from here on. */
  | { readonly kind: 'traffic-ended'; readonly atMs: number };

/** What is left when nothing moves any more: traffic has ended, all horizons are over. Null in `History`: it did not come to rest. */
export interface Rest {
  readonly atMs: number;
  readonly accounts: readonly AccountAtRest[];
  readonly processes: readonly ProcessAtRest[];
  /** Ids (`AUCTION/IMP/TYPE`) of outcome events in event logs, outboxes and topics that outlive their processes. */
  readonly storedEventIds: ReadonlySet<string>;
}

/** By the ledger's own balances. */
export interface AccountAtRest {
  readonly accountId: string;
  readonly budget: number;
  readonly available: number;
  /** In tranches and leases. */
  readonly leased: number;
  readonly reserved: number;
  readonly spent: number;
  readonly absorbed: number;
}

export interface ProcessAtRest {
  readonly process: string;
  /** Of the virtual loop, now and when it had started and nobody had asked anything of it. */
  readonly timers: number;
  readonly timersAtStart: number;
  /** Calls to DSPs and stores that have not come back, at the network. */
  readonly callsUnderWay: number;
  /** As it says itself (`rtb_inflight_requests`): wrong where the network knows of none. */
  readonly requestsUnderWay: number;
}

/** What the world was made of, as far as a check has to know. */
export interface WorldFacts {
  readonly seed: number;
  readonly mode: 'safety' | 'liveness';
  /** At rest all that was leased or reserved has had the time to be billed, or to go back. */
  readonly isMoneyHome: boolean;
  /** Somebody makes bills of events. */
  readonly isBilling: boolean;
  readonly tmaxDefaultMs: number;
  readonly tmaxMaxMs: number;
  /** Creatives of our own campaigns, by what an answer says in `crid`. */
  readonly houseAds: ReadonlyMap<string, HouseAd>;
  /** What is reported so soon after its answer is paid for by somebody, ms. */
  readonly billableMsMin: number;
  /** Beyond a budget, declared; 0 by design. */
  readonly overspendAllowance: number;
  /** Of answers, 0..1: 0 where processors cost no time, for nothing can come late there. */
  readonly lateShareMax: number;
}

export interface HouseAd {
  readonly accountId: string;
  /** The most that it may cost, micros of its currency in its own unit. */
  readonly bidMicrosMax: number;
  readonly pricing: 'cpm' | 'cpc' | 'cpa';
  readonly currency: string;
}

export interface History {
  readonly facts: WorldFacts;
  readonly observations: readonly Observation[];
  readonly rest: Rest | null;
  /** SHA-256 of the trace, hexadecimal. */
  readonly traceHash: string;
}
