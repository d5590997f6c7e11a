/** All checks over one history. */
import type { History } from '../history.ts';
import type { CheckFigures } from '../run-record.ts';
import { acknowledgedEvents } from './acknowledged-events.ts';
import { answers } from './answers.ts';
import { billedOnce } from './billed-once.ts';
import { type Check, Verdict } from './check.ts';
import { conservation } from './conservation.ts';
import { DETERMINISM, judgeDeterminism } from './determinism.ts';
import { leaks } from './leaks.ts';
import { recovery } from './recovery.ts';
import { spendCap } from './spend-cap.ts';

export const CHECKS: readonly Check[] = [
  conservation,
  spendCap,
  billedOnce,
  acknowledgedEvents,
  answers,
  recovery,
  leaks,
];

/** `again`: of the same seed, to see that it is the same; null: nobody ran it twice. */
export function judge(history: History, again: History | null): readonly CheckFigures[] {
  const figures = CHECKS.map((check) => {
    const verdict = new Verdict();
    check.judge(history, verdict);
    return verdict.figures(check);
  });
  const determinism = new Verdict();
  if (again !== null) judgeDeterminism(history, again, determinism);
  return [...figures, determinism.figures(DETERMINISM)];
}
