import type { ActorParent } from '../actors/mailbox.ts';
import { type ReserveActor, spawnReserveActor } from '../actors/reserve-actor.ts';
import { reserveLearning } from '../config/engine-options.ts';
import { type Parts, supervisorOf } from './parts.ts';

/** Null: reserves are not learned. */
export function openReserves(parts: Parts, parent: ActorParent): ReserveActor | null {
  const { config, clock, timers, metrics, closing } = parts;
  const learning = reserveLearning(config);
  if (learning === null) return null;
  const reserves = spawnReserveActor(parent, {
    learning,
    stepIntervalMs: config.learnedReserve.stepIntervalMs,
    clock,
    timers,
    supervisor: supervisorOf(parts),
    onOverflow: () => metrics.mailboxDropped('reserve', 'drop-oldest'),
  });
  closing(async () => reserves.stop());
  return reserves;
}
