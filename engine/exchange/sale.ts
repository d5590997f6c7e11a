/** The terms of an ad that was sold, as events and tracking URLs carry them: who pays what, whom, and for what. */
import type { MediaType, PricingModel } from '../auction/types.ts';
import type { OutcomeType } from '../estimation/quality/awaited-outcomes.ts';

export type Payer =
  /** Of our own: an account of the ledger, and the lease that the win was taken from. */
  | {
      readonly kind: 'house';
      readonly accountId: string;
      /** Of the account, and so of `Sale.amount`: `impressions` for what is guaranteed. */
      readonly unit: 'nanos' | 'impressions';
      readonly epoch: number;
      readonly sequence: number;
    }
  /** `seat`: the buyer within the DSP; empty when it named none. */
  | { readonly kind: 'dsp'; readonly dspId: string; readonly seat: string };

/** Terms of one ad that was sold, as they stood when it was answered. */
export interface Sale {
  readonly payer: Payer;
  readonly pricing: PricingModel;
  /** The event that it is paid by; all others of the same ad cost nothing. */
  readonly billedBy: OutcomeType;
  /** Due once, when `billedBy` happens: nanos of `currency`, or impressions where the payer's account is kept in them. */
  readonly amount: number;
  /** Upper-case ISO 4217: that of the account, or of the DSP's bid. */
  readonly currency: string;
  /** Who is paid; empty when the request named no publisher. */
  readonly publisherId: string;
  /** `imp.tagid`; empty when unknown. */
  readonly placementId: string;
  readonly media: MediaType;
  /** Of our own its id; of a DSP the first `adomain`, empty without one. */
  readonly advertiserId: string;
  /** Of our own its id; of a DSP `cid`, empty without one. */
  readonly campaignId: string;
  /** Of our own only; empty for DSPs. */
  readonly lineItemId: string;
  /** `crid`, else `adid`; empty without both. */
  readonly creativeId: string;
  /** Wall clock of the auction's request, epoch ms. */
  readonly soldAtMs: number;
}

/** An ad in an answer, and how it was sold. */
export interface SoldAd {
  readonly auctionId: string;
  /** Name of the ad (`adImpId`): `ID`, or `ID#N` for that in a further position of the imp, N from 1. */
  readonly impId: string;
  /** Hash of the user's or device's id; null: none is known. */
  readonly userKey: string | null;
  /** Of a request with `test: 1`. */
  readonly isTest: boolean;
  readonly sale: Sale;
  /** `burl` with its macros resolved, to be called once, when it is billed; null: none. */
  readonly billingNotice: string | null;
}
