/** How long a request may take. */
export interface DeadlineRules {
  /** For requests that name no tmax, ms. */
  readonly tmaxDefaultMs: number;
  /** A larger tmax is cut to this, ms. */
  readonly tmaxMaxMs: number;
  /** Part of tmax that the way to and from the publisher takes, ms. */
  readonly networkAllowanceMs: number;
}

/** Milliseconds from arrival until the answer must leave. */
export function answerBudgetMs(tmaxMs: number | undefined, rules: DeadlineRules): number {
  const tmax = tmaxMs === undefined || tmaxMs <= 0 ? rules.tmaxDefaultMs : Math.min(tmaxMs, rules.tmaxMaxMs);
  return Math.max(0, tmax - rules.networkAllowanceMs);
}
