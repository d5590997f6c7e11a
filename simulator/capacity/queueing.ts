/** The few laws that capacity follows from. Rates are per second. */

/** Little's law: what is under way on average, whatever the distributions, when each stays so long. */
export function underWay(ratePerSec: number, stayMs: number): number {
  return (ratePerSec * stayMs) / 1000;
}

/** Servers that keep utilisation, rho = lambda / (c mu), at or below a bound; none without load. */
export function serversFor(ratePerSec: number, serverRatePerSec: number, utilisationMax: number): number {
  // A hair less: 0.6 x 100 is 60.00000000000001 servers' worth for nobody.
  return Math.max(0, Math.ceil(ratePerSec / (serverRatePerSec * utilisationMax) - 1e-9));
}

/**
 * Mean wait before service at one server with random arrivals and equal service times (M/D/1, Pollaczek and Khinchine).
 * It grows as 1 / (1 - rho): steeply near 1, not exponentially. Infinity from 1 on.
 */
export function meanWaitMs(load: number, serviceMs: number): number {
  return load >= 1 ? Number.POSITIVE_INFINITY : (load * serviceMs) / (2 * (1 - load));
}

/** The least count that a Poisson variable does not exceed with this probability. */
export function poissonQuantile(mean: number, probability: number): number {
  let [count, logTerm, sum] = [0, -mean, Math.exp(-mean)];
  while (sum < probability) {
    count++;
    // By logarithms: e^-mean alone is 0 from a mean of 746 on.
    logTerm += Math.log(mean / count);
    sum += Math.exp(logTerm);
  }
  return count;
}
