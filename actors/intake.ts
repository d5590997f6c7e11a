/**
 * From bytes to a running auction: find room, read and validate, strip what privacy demands, fix the terms, spawn the request actor.
 * Everything here is synchronous; what the publisher withheld or got wrong never reaches an actor.
 */
import { noBidAnswer } from '../engine/exchange/answer.ts';
import {
  auctionTerms,
  type ExchangeRules,
  type LearnedReserves,
  UnpriceableRequest,
} from '../engine/exchange/auction-terms.ts';
import { type OutgoingRules, outgoingRequest } from '../engine/exchange/outgoing-request.ts';
import { priceableRequest } from '../engine/exchange/priceable-request.ts';
import { type AdAnswer, type AdRequestPlace, type AdRequests, refusal } from '../engine/ports/ad-requests.ts';
import type { Clock } from '../engine/ports/clock.ts';
import type { DegradeLevel } from '../engine/traffic/admission/zones.ts';
import { answerBudgetMs, type DeadlineRules } from '../engine/traffic/deadline.ts';
import { type PrivacyRule, privacyRule, stripPersonalData } from '../engine/traffic/privacy.ts';
import { hasDeals, type RequestFeatures, requestFeatures } from '../engine/traffic/request-features.ts';
import { NoBidReason } from '../openrtb/codes.ts';
import type { Diagnostic, Strictness } from '../openrtb/diagnostics.ts';
import type { RequestReader } from '../openrtb/read-request.ts';
import type { BidRequest } from '../openrtb/types.ts';
import type { AdmissionGate, Visit } from './admission-gate.ts';
import type { ActorParent } from './mailbox.ts';
import { type RequestEnvironment, spawnRequestActor } from './request-actor.ts';

export interface IntakeObserver {
  readonly onRefused: (code: string) => void;
  readonly onDiagnostics: (diagnostics: readonly Diagnostic[]) => void;
  readonly onStripped: (rule: PrivacyRule) => void;
  readonly onStarted: () => void;
}

export interface IntakeOptions {
  readonly parent: ActorParent;
  readonly environment: RequestEnvironment;
  /** Null: everybody is let in. */
  readonly gate: AdmissionGate | null;
  readonly readRequest: RequestReader;
  readonly strictness: Strictness;
  readonly exchangeRules: ExchangeRules;
  readonly learnedReserves: LearnedReserves;
  readonly deadlines: DeadlineRules;
  readonly outgoing: OutgoingRules;
  /** Unique over all processes and restarts. */
  readonly nextAuctionId: () => string;
  /** False: auctions go on without demand, so that what they would sell is not sold. */
  readonly isSelling: () => boolean;
  readonly observer: IntakeObserver;
}

const NOTHING_TO_CANCEL = (): void => {};

/** The gate must hear of every auction, so `environment` has its `auctionBegan` and `auctionEnded`. */
export function createIntake(options: IntakeOptions): AdRequests {
  const { environment, gate } = options;
  const { clock } = environment;
  const partner = { strictness: options.strictness };
  /** Made anew when other DSPs are asked: under pressure there is no time to copy for every request. */
  const reduced = new Map<DegradeLevel, { readonly asked: Uint32Array; readonly environment: RequestEnvironment }>();
  const withoutDemand: RequestEnvironment = { ...environment, dsps: [], houseDemand: null };

  return {
    admit(account, body) {
      if (gate === null) return placeOf(null);
      const visit = gate.enter(account, body);
      if (visit !== null) return placeOf(visit);
      options.observer.onRefused('overloaded');
      return null;
    },
  };

  function placeOf(visit: Visit | null): AdRequestPlace {
    return {
      take: (body, arrivedAtMs, onAnswer) => {
        try {
          return take(visit, body, arrivedAtMs, onAnswer);
        } catch (error) {
          // A fault of ours is answered by the ingress; the place must not be lost with it.
          leave(visit);
          throw error;
        }
      },
      giveBack: () => leave(visit),
    };
  }

  function take(
    visit: Visit | null,
    body: Uint8Array,
    arrivedAtMs: number,
    onAnswer: (answer: AdAnswer) => void,
  ): () => void {
    const startedAtMs = clock.monotonicMs();
    const reading = options.readRequest(body, partner);
    options.observer.onDiagnostics(reading.diagnostics);
    if (reading.kind === 'rejected') {
      const { diagnostic, httpStatus, nbr, requestId } = reading;
      return refuse(visit, diagnostic.code, refusal(httpStatus, errorOf(diagnostic), nbr, requestId), onAnswer);
    }
    return start(visit, reading.request, arrivedAtMs, clock.monotonicMs() - startedAtMs, onAnswer);
  }

  function start(
    visit: Visit | null,
    received: BidRequest,
    arrivedAtMs: number,
    readMs: number,
    onAnswer: (answer: AdAnswer) => void,
  ): () => void {
    const priceable = priceableRequest(received, options.exchangeRules.currencies);
    options.observer.onDiagnostics(priceable.diagnostics);
    if (priceable.request.imp.length === 0) {
      const fault = errorOf(priceable.diagnostics[0]!);
      return refuse(visit, fault.code, refusal(400, fault, NoBidReason.InvalidRequest, received.id), onAnswer);
    }
    const request = withPrivacy(priceable.request);
    const auctionId = options.nextAuctionId();
    const features = requestFeatures(request);
    try {
      const terms = auctionTerms(auctionId, request, features, options.exchangeRules, options.learnedReserves);
      options.observer.onStarted();
      const actor = spawnRequestActor(
        options.parent,
        {
          auctionId,
          request: outgoingRequest(request, terms.mechanism, auctionId, features.publisherId, options.outgoing),
          subject: { request, features, atMs: arrivalEpochMs(clock, arrivedAtMs) },
          terms,
          arrivedAtMs,
          readMs,
          deadlineAtMs: arrivedAtMs + answerBudgetMs(request.tmax, options.deadlines),
          onAnswer: (answer, ending) => {
            if (ending === 'cancelled') return;
            onAnswer({ httpStatus: 200, body: answer ?? noBidAnswer(request.id, NoBidReason.TechnicalError) });
          },
        },
        environmentOf(visit, features),
      );
      // Behind the last thing that can fail; the actor takes its first step in a later turn.
      if (visit !== null) gate?.joinAuction(visit, auctionId, arrivedAtMs);
      return actor.cancel;
    } catch (error) {
      if (!(error instanceof UnpriceableRequest)) throw error;
      // The request is valid, but nothing in a currency that its sender takes can be priced.
      const answer = noBidAnswer(request.id, NoBidReason.UnsupportedCurrency);
      return refuse(visit, 'unpriceable', { httpStatus: 200, body: answer }, onAnswer);
    }
  }

  /** Under pressure fewer DSPs are asked; but a deal names its buyers, and leaving one out would break it. */
  function environmentOf(visit: Visit | null, features: RequestFeatures): RequestEnvironment {
    if (!options.isSelling()) return withoutDemand;
    if (gate === null || visit === null || visit.degrade === 0 || hasDeals(features)) return environment;
    const asked = gate.dspsAsked(visit.degrade);
    const latest = reduced.get(visit.degrade);
    if (latest?.asked === asked) return latest.environment;
    const dsps = Array.from(asked, (index) => environment.dsps[index]!);
    const renewed = { asked, environment: { ...environment, dsps } };
    reduced.set(visit.degrade, renewed);
    return renewed.environment;
  }

  function leave(visit: Visit | null): void {
    if (visit !== null) gate?.leave(visit);
  }

  function refuse(
    visit: Visit | null,
    code: string,
    answer: AdAnswer,
    onAnswer: (answer: AdAnswer) => void,
  ): () => void {
    leave(visit);
    options.observer.onRefused(code);
    onAnswer(answer);
    return NOTHING_TO_CANCEL;
  }

  function withPrivacy(request: BidRequest): BidRequest {
    const rule = privacyRule(request);
    if (rule === null) return request;
    options.observer.onStripped(rule);
    return stripPersonalData(request);
  }
}

/** `arrivedAtMs` is monotonic. */
function arrivalEpochMs(clock: Clock, arrivedAtMs: number): number {
  return Math.round(clock.wallMs() - (clock.monotonicMs() - arrivedAtMs));
}

interface RequestFault {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

function errorOf({ path, code, message }: Diagnostic): RequestFault {
  return { path, code, message };
}
