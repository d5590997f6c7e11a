import type { ActorParent } from '../actors/mailbox.ts';
import { type ReserveActor, spawnReserveActor } from '../actors/reserve-actor.ts';
import { RESERVE_ESTIMATORS } from '../engine/auction/reserve/estimator.ts';
import { type ReserveObservation, reserveObservations } from '../engine/auction/reserve/observations.ts';
import type { ExchangeRules } from '../engine/exchange/auction-terms.ts';
import type { Decision } from '../engine/exchange/decision.ts';
import { rateBetween } from '../openrtb/currency.ts';
import { type Parts, supervisorOf } from './parts.ts';

/** Null: reserves are not learned. */
export function openReserves(parts: Parts, parent: ActorParent): ReserveActor | null {
  const { config, clock, timers, metrics, closing } = parts;
  const { estimator, windowSize, observationsMin, changeRatioMax, stepIntervalMs, placementsMax } =
    config.learnedReserve;
  if (estimator === 'off') return null;
  const reserves = spawnReserveActor(parent, {
    learning: {
      estimator: RESERVE_ESTIMATORS[estimator],
      windowCapacity: windowSize,
      observationsMin,
      stepRatioMax: changeRatioMax,
      placementsMax,
    },
    stepIntervalMs,
    clock,
    timers,
    supervisor: supervisorOf(parts),
    onOverflow: () => metrics.mailboxDropped('reserve', 'drop-oldest'),
  });
  closing(async () => reserves.stop());
  return reserves;
}

/** Auctions run in the publisher's currency, reserves are learned in ours. */
export function inExchangeCurrency({ input, outcome }: Decision, rules: ExchangeRules): ReserveObservation[] {
  const observations = reserveObservations(input, outcome);
  const rate = rateBetween(rules.currencies, input.currency, rules.currency) ?? 0;
  return rate === 1 ? observations : observations.map((one) => ({ ...one, ecpmMicros: one.ecpmMicros * rate }));
}
