/**
 * Values log-normal with log-mean m and log-standard-deviation s. The first-order condition 1 - F(r) = r x f(r) becomes
 * h(z) = s with z = (ln r - m) / s and h the hazard rate of the standard normal, which rises from 0 to infinity: one
 * solution, found by bisection. r* = exp(m + s x z). The logarithms' own mean and deviation estimate m and s.
 */
export function logNormalReserve(values: Float64Array, count: number): number {
  if (count === 0) return 0;
  // Welford's update: one logarithm per value, and no cancellation.
  let mean = 0;
  let squares = 0;
  for (let i = 0; i < count; i++) {
    const logarithm = Math.log(values[i]!);
    const deviation = logarithm - mean;
    mean += deviation / (i + 1);
    squares += deviation * (logarithm - mean);
  }
  return optimalLogNormalReserve(mean, Math.sqrt(squares / count));
}

/** h(z) is below 1e-300 at -37 and about z above 0, so this range holds every deviation that values in practice have. */
const Z_MIN = -37;
const Z_MAX = 30;
/** Halvings of the range until it is narrower than a double can tell. */
const BISECTIONS = 60;

/** r* for known parameters. */
export function optimalLogNormalReserve(logMean: number, logDeviation: number): number {
  // Everybody values it the same: ask exactly that.
  if (logDeviation === 0) return Math.exp(logMean);
  let low = Z_MIN;
  let high = Z_MAX;
  for (let i = 0; i < BISECTIONS; i++) {
    const middle = (low + high) / 2;
    if (normalHazard(middle) < logDeviation) low = middle;
    else high = middle;
  }
  return Math.exp(logMean + logDeviation * low);
}

/** Density over upper tail of the standard normal. */
function normalHazard(z: number): number {
  const scaled = scaledErfc(Math.abs(z) / Math.SQRT2);
  if (z >= 0) return Math.sqrt(2 / Math.PI) / scaled;
  const gauss = Math.exp((-z * z) / 2);
  return (Math.sqrt(2 / Math.PI) * gauss) / (2 - gauss * scaled);
}

/** exp(x^2) erfc(x) for x >= 0, fractional error below 1.2e-7 (Chebyshev fit of Numerical Recipes, section 6.2). */
function scaledErfc(x: number): number {
  const t = 2 / (2 + x);
  let polynomial = 0;
  for (const coefficient of CHEBYSHEV) polynomial = polynomial * t + coefficient;
  return t * Math.exp(polynomial);
}

/** Highest power first. */
const CHEBYSHEV: readonly number[] = [
  0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368,
  -1.26551223,
];
