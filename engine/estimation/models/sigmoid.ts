/** Log-odds to probability: 1 / (1 + exp(-x)). Right for any x, infinite ones too; NaN stays NaN. */
export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** Probability to log-odds, the inverse of `sigmoid`. */
export function logit(probability: number): number {
  return Math.log(probability / (1 - probability));
}
