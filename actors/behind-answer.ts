/** What is done behind the answer of an auction: a fault of one step keeps none of the others from its work. */
import type { RequestEnvironment } from './request-actor.ts';

type Step = RequestEnvironment['onConcluded'];

/** In this order. What is thrown goes to `onFault`. */
export function eachForItself(steps: readonly Step[], onFault: (error: unknown) => void): Step {
  return (event, decision, notices, subject) => {
    for (const step of steps) {
      try {
        step(event, decision, notices, subject);
      } catch (error) {
        onFault(error);
      }
    }
  };
}
