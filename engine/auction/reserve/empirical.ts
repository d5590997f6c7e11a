/**
 * No assumption about the distribution: the price that would have earned most on the window itself, that is the value r
 * seen for which r x (number of values >= r) is greatest. Of equally good ones the lowest, which serves most.
 */
export function empiricalReserve(values: Float64Array, count: number): number {
  const ascending = values.slice(0, count).sort();
  let reserve = 0;
  let mostRevenue = 0;
  for (let i = 0; i < count; i++) {
    const revenue = ascending[i]! * (count - i);
    if (revenue > mostRevenue) {
      mostRevenue = revenue;
      reserve = ascending[i]!;
    }
  }
  return reserve;
}
