/** Values exponential with mean m, F(r) = 1 - exp(-r / m): r x exp(-r / m) is greatest at r* = m, estimated by the mean. */
export function exponentialReserve(values: Float64Array, count: number): number {
  if (count === 0) return 0;
  let sum = 0;
  for (let i = 0; i < count; i++) sum += values[i]!;
  return sum / count;
}
