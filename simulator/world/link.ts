/**
 * The way from a process to a store that stands elsewhere. The store itself is an ordinary object that changes in one step; all
 * that can go wrong between them is the link's business.
 */
export interface Link {
  /**
   * Runs `work` at the other end, once or not at all, and brings back what it returns or throws. Rejects with a `LinkError` when that
   * end cannot be reached or its answer does not come in time: whether `work` was done is not known then. Never settles when
   * the process behind it has died.
   */
  readonly call: <T>(work: () => T) => Promise<T>;
}

export class LinkError extends Error {
  override readonly name = 'LinkError';
  readonly code: 'unreachable' | 'late';

  constructor(code: LinkError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** Nothing lies between: for contract suites. */
export const directLink: Link = { call: async (work) => work() };
