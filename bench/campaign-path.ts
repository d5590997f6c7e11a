/**
 * What our own campaigns cost an auction on its way: the house bids, the decision among them and those of five DSPs, the
 * purchase with its reservation, and what the desk does between auctions (settling, leases, pace). The functions of the
 * engine alone, without actors and sockets; simulated time, a hundred auctions a second.
 */
import { systemClock } from '../adapters/clock.ts';
import { createEmbeddedFrequencyStore } from '../adapters/frequency/frequency-store.embedded.ts';
import { decisionRules, exchangeRules } from '../config/engine-options.ts';
import { loadConfig } from '../config/load.ts';
import { FrequencyCaps } from '../engine/budget/frequency/frequency-caps.ts';
import { LEASE_POLICY_DEFAULTS } from '../engine/budget/lease-policy.ts';
import { PACING_CONTROLLERS } from '../engine/budget/pacing/controllers.ts';
import type { SpendingAccount } from '../engine/budget/spending-account.ts';
import type { BookedLineItem } from '../engine/campaign/booked-line-item.ts';
import { HouseDesk } from '../engine/desk/house-desk.ts';
import { HouseEntry } from '../engine/desk/house-entry.ts';
import { type DspReply, readReply } from '../engine/dsp/reply.ts';
import type { EstimateSubject } from '../engine/estimation/click-estimates.ts';
import { auctionTerms } from '../engine/exchange/auction-terms.ts';
import type { Purchase, PurchaseReservation } from '../engine/exchange/purchases.ts';
import { advance, openRequest, type RequestEffect, type RequestState } from '../engine/exchange/request-stages.ts';
import type { Booking } from '../engine/ports/campaign-store.ts';
import { requestFeatures } from '../engine/traffic/request-features.ts';
import { createResponseReader } from '../openrtb/read-response.ts';
import { seededRandom } from '../simulator/random.ts';
import { bidAnswers } from './payloads/bid-answers.ts';
import { bookedLineItem, bookingWrites, targetedRequest } from './payloads/campaign-population.ts';

const DSP_COUNT = 5;
const REQUESTS = 512;
const AUCTION_EVERY_MS = 10;
const SETTLE_EVERY_MS = 20;
const PACE_EVERY_MS = 10_000;
const HELD_MS = 900_000;
/** Reservations are told to the ledger in so many auctions. */
const TOLD_AFTER = 10;
const START_MS = Date.UTC(2026, 5, 10, 14, 30);
/** Of every campaign, nanos: as its plan is for a day, it wins some. */
const UNSPENT = 1_000_000_000_000;

export class CampaignPath {
  auctions = 0;
  /** House bids that entered, and that won and were paid. */
  entered = 0;
  won = 0;
  /** Time spent in settling and pacing, ms. */
  betweenMs = 0;
  readonly desk: HouseDesk;
  readonly #caps = new FrequencyCaps(createEmbeddedFrequencyStore({ usersMax: 1, clock: systemClock }), {
    unknownUser: 'allow',
    silentStore: 'allow',
  });
  readonly #config = loadConfig({ file: null, environment: {}, overrides: {} });
  readonly #rules = exchangeRules(this.#config);
  readonly #decision = decisionRules(this.#config, null, null);
  readonly #requests;
  readonly #replies: readonly DspReply[][];
  readonly #paceOrder: SpendingAccount[] = [];
  #untold: PurchaseReservation[] = [];
  #nowMs = 0;
  #sequence = 0;
  #paced = 0;

  constructor(campaigns: number, seed: number) {
    const random = seededRandom(seed).fork('campaigns');
    const { currencies, estimation, exchange } = this.#config;
    const priors = { clicks: estimation.clickPriors, conversions: estimation.conversionPriors };
    this.desk = new HouseDesk({
      rules: { currencies, currency: exchange.currency, priors, playbackPoints: null },
      leasePolicy: LEASE_POLICY_DEFAULTS,
      pacing: { campaigns: PACING_CONTROLLERS.dual, guaranteed: PACING_CONTROLLERS.pid },
      heldMs: () => HELD_MS,
      heldShareMin: 1,
    });
    for (let number = 0; number < campaigns; number++) this.#book(number, bookedLineItem(number, random));
    this.#pace(this.#paceOrder.length);
    const asked = seededRandom(seed).fork('requests');
    this.#requests = Array.from({ length: REQUESTS }, (_, index) => targetedRequest(`request-${index}`, asked));
    this.#replies = repliesOf(seed);
  }

  /** CPU of one auction with its part of what goes on between auctions, us. */
  usPerAuction(atLeastMs: number): number {
    const before = this.auctions;
    const startedAtMs = performance.now();
    let elapsedMs: number;
    do {
      for (let count = 0; count < 100; count++) this.auction();
      elapsedMs = performance.now() - startedAtMs;
    } while (elapsedMs < atLeastMs);
    return (elapsedMs * 1000) / (this.auctions - before);
  }

  auction(): void {
    const number = this.auctions++;
    this.#nowMs += AUCTION_EVERY_MS;
    const request = this.#requests[(number * 37) % REQUESTS]!;
    const auctionId = `mb3x1k2a-7f3c9d10-${number.toString(36)}`;
    const features = requestFeatures(request);
    const terms = auctionTerms(auctionId, request, features, this.#rules, () => 0);
    const subject: EstimateSubject = { request, features, atMs: START_MS + this.#nowMs };
    const bids = this.desk.bids(subject, terms, this.#nowMs, subject.atMs);
    this.entered += bids.length;
    const user = this.#caps.open(null, () => this.#nowMs);
    const nowMs = () => this.#nowMs;
    const entry = new HouseEntry({
      desk: this.desk,
      bids,
      user,
      chooseShown: () => bids,
      nowMs,
      onReserved: () => {},
      onFault: () => {},
    });
    const state = openRequest(request, terms, this.#decision, subject, DSP_COUNT, null, entry);
    this.#perform(advance(state, { kind: 'start' }, this.#nowMs), state, entry);
    for (const replies of this.#replies) {
      const reply = replies[number % replies.length]!;
      this.#perform(advance(state, { kind: 'replied', reply }, this.#nowMs), state, entry);
    }
    if (state.stage !== 'concluded') throw new Error(`an auction stopped at ${state.stage}`);
    if (number % TOLD_AFTER === 0) this.#tell();
    if (this.#nowMs % SETTLE_EVERY_MS === 0) this.#between();
  }

  #perform(effects: readonly RequestEffect[], state: RequestState, entry: HouseEntry): void {
    for (const effect of effects) if (effect.kind === 'reserve') this.#reserve(effect.purchases, state, entry);
  }

  #reserve(purchases: readonly Purchase[], state: RequestState, entry: HouseEntry): void {
    entry.reserve(purchases, (reservations, refusals) => {
      for (const reservation of reservations) this.#untold.push(reservation);
      this.won += reservations.length;
      this.#perform(advance(state, { kind: 'reserved', reservations, refusals }, this.#nowMs), state, entry);
    });
  }

  #tell(): void {
    for (const reservation of this.#untold) this.desk.handOver(reservation);
    this.#untold = [];
  }

  /** Every need is met at once, so that the store is not part of this. */
  #between(): void {
    const startedAtMs = performance.now();
    const { needs } = this.desk.settle(this.#nowMs);
    for (const { accountId, amount, termMs } of needs) {
      const sequence = ++this.#sequence;
      const endsAtMs = this.#nowMs + termMs;
      const { leases } = this.desk.accounts.get(accountId)!;
      leases.accept({ accountId, epoch: 1, sequence, amount, endsAtMs }, this.#nowMs);
    }
    this.#pace(Math.ceil((this.#paceOrder.length * SETTLE_EVERY_MS) / PACE_EVERY_MS));
    this.betweenMs += performance.now() - startedAtMs;
  }

  #pace(count: number): void {
    for (let index = 0; index < count; index++) {
      const account = this.#paceOrder[this.#paced++ % this.#paceOrder.length]!;
      account.pace({ unspent: UNSPENT, unspentToday: null }, 1, START_MS + this.#nowMs);
    }
  }

  #book(number: number, item: BookedLineItem): void {
    const stored = { version: 1, sequence: 1, updatedAtMs: 0 };
    this.desk.take(bookingWrites(item).map(({ kind, value }) => ({ kind, value, ...stored }) as Booking));
    const { added, lineItemIds } = this.desk.replan(String(number), 0, START_MS);
    for (const id of lineItemIds) this.desk.replace(id);
    this.#paceOrder.push(...added);
  }
}

function repliesOf(seed: number): DspReply[][] {
  const readResponse = createResponseReader();
  return Array.from({ length: DSP_COUNT }, (_, dsp) =>
    bidAnswers(dsp, seed).map(([head, tail]) =>
      readReply(
        { kind: 'answered', status: 200, body: Buffer.from(`${head}request${tail}`), latencyMs: 5 },
        { dspId: `dsp-${dsp}`, requestId: 'request', strictness: 'default', readResponse },
      ),
    ),
  );
}
