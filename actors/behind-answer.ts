/** What is done behind the answer of an auction: a fault of one step keeps none of the others from its work. */
import type { RequestEnvironment } from './request-actor.ts';

type Step = RequestEnvironment['onConcluded'];

/** In this order. What is thrown goes to `onFault`. */
export function eachForItself(steps: readonly Step[], onFault: (error: unknown) => void): Step {
  return (event, decision, notices, subject, sales) => {
    for (const step of steps) {
      try {
        step(event, decision, notices, subject, sales);
      } catch (error) {
        onFault(error);
      }
    }
  };
}
