/** Values uniform on [0, v]: r x (1 - r / v) is greatest at r* = v / 2. The largest value seen estimates v. */
export function uniformReserve(values: Float64Array, count: number): number {
  let largest = 0;
  for (let i = 0; i < count; i++) largest = Math.max(largest, values[i]!);
  return largest / 2;
}
