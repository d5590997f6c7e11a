/** Work in pieces of a few milliseconds at most: who does it may let others run between two of them. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** All pieces at once. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}
