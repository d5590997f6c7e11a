/** Throws a `RangeError` when `count` rows do not lie in `rows` or have no place in `out`. */
export function checkBatch(featureCount: number, rows: Float64Array, count: number, out: Float64Array): void {
  if (rows.length < count * featureCount) {
    throw new RangeError(`${rows.length} numbers are less than ${count} rows of ${featureCount}`);
  }
  if (out.length < count) throw new RangeError(`no place for ${count} scores in ${out.length}`);
}
