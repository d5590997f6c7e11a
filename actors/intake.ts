/**
 * From bytes to a running auction: read and validate, strip what privacy demands, fix the terms, spawn the request actor.
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
import { requestFeatures } from '../engine/exchange/request-features.ts';
import { type AdAnswer, type AdRequests, refusal } from '../engine/ports/ad-requests.ts';
import { answerBudgetMs, type DeadlineRules } from '../engine/traffic/deadline.ts';
import { type PrivacyRule, privacyRule, stripPersonalData } from '../engine/traffic/privacy.ts';
import { NoBidReason } from '../openrtb/codes.ts';
import type { Diagnostic, Strictness } from '../openrtb/diagnostics.ts';
import type { RequestReader } from '../openrtb/read-request.ts';
import type { BidRequest } from '../openrtb/types.ts';
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
  readonly readRequest: RequestReader;
  readonly strictness: Strictness;
  readonly exchangeRules: ExchangeRules;
  readonly learnedReserves: LearnedReserves;
  readonly deadlines: DeadlineRules;
  readonly outgoing: OutgoingRules;
  /** Unique over all processes and restarts. */
  readonly nextAuctionId: () => string;
  readonly observer: IntakeObserver;
}

const NOTHING_TO_CANCEL = (): void => {};

export function createIntake(options: IntakeOptions): AdRequests {
  const { clock } = options.environment;
  const partner = { strictness: options.strictness };

  return {
    take(body, arrivedAtMs, onAnswer) {
      const startedAtMs = clock.monotonicMs();
      const reading = options.readRequest(body, partner);
      options.observer.onDiagnostics(reading.diagnostics);
      if (reading.kind === 'rejected') {
        options.observer.onRefused(reading.diagnostic.code);
        onAnswer(refusal(reading.httpStatus, errorOf(reading.diagnostic), reading.nbr, reading.requestId));
        return NOTHING_TO_CANCEL;
      }
      return start(reading.request, arrivedAtMs, clock.monotonicMs() - startedAtMs, onAnswer);
    },
  };

  function start(
    received: BidRequest,
    arrivedAtMs: number,
    readMs: number,
    onAnswer: (answer: AdAnswer) => void,
  ): () => void {
    const priceable = priceableRequest(received, options.exchangeRules.currencies);
    options.observer.onDiagnostics(priceable.diagnostics);
    if (priceable.request.imp.length === 0) {
      return refuse(errorOf(priceable.diagnostics[0]!), received.id, onAnswer);
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
          features,
          terms,
          arrivedAtMs,
          readMs,
          deadlineAtMs: arrivedAtMs + answerBudgetMs(request.tmax, options.deadlines),
          onAnswer: (answer, ending) => {
            if (ending === 'cancelled') return;
            onAnswer({ httpStatus: 200, body: answer ?? noBidAnswer(request.id, NoBidReason.TechnicalError) });
          },
        },
        options.environment,
      );
      return actor.cancel;
    } catch (error) {
      if (!(error instanceof UnpriceableRequest)) throw error;
      // The request is valid, but nothing in a currency that its sender takes can be priced.
      options.observer.onRefused('unpriceable');
      onAnswer({ httpStatus: 200, body: noBidAnswer(request.id, NoBidReason.UnsupportedCurrency) });
      return NOTHING_TO_CANCEL;
    }
  }

  function refuse(fault: RequestFault, requestId: string, onAnswer: (answer: AdAnswer) => void): () => void {
    options.observer.onRefused(fault.code);
    onAnswer(refusal(400, fault, NoBidReason.InvalidRequest, requestId));
    return NOTHING_TO_CANCEL;
  }

  function withPrivacy(request: BidRequest): BidRequest {
    const rule = privacyRule(request);
    if (rule === null) return request;
    options.observer.onStripped(rule);
    return stripPersonalData(request);
  }
}

interface RequestFault {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

function errorOf({ path, code, message }: Diagnostic): RequestFault {
  return { path, code, message };
}
