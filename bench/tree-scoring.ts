/** The click model: 100 trees of depth 7, the candidates of a request scored at once. */
import { type GbdtModel, readGbdt } from '../engine/estimation/models/gbdt.ts';
import { type BenchContext, type Measurement, median } from './measurement.ts';
import { treeModelRows, treeModelText } from './payloads/tree-model.ts';
import { type TimedFunction, timeFunction } from './timed-function.ts';

const BATCH_ROWS = 50;
/** Looked at in turn: 1600 rows, too many for their way through the trees to be learnt by heart. */
const BATCHES = 32;
/** Heap readings, and batches before each: 110,000 rows in all. */
const HEAP_READINGS = 11;
const BATCHES_PER_READING = 200;

export async function measureTreeScoring(context: BenchContext): Promise<Measurement[]> {
  const scoring = scoringOfRows(context.seed);
  const batch = timeFunction(scoring, context);
  return [
    batch,
    { name: 'gbdt.row_us', value: batch.value / BATCH_ROWS, unit: 'us' },
    { name: 'gbdt.alloc_bytes_per_row', value: allocatedBytesPerRow(scoring), unit: 'B' },
  ];
}

export function scoringOfRows(seed: number): TimedFunction<Float64Array, Float64Array> {
  const model: GbdtModel = readGbdt(treeModelText(seed));
  const out = new Float64Array(BATCH_ROWS);
  return {
    name: 'gbdt.batch50_us',
    inputs: Array.from({ length: BATCHES }, (_, index) => treeModelRows(BATCH_ROWS, seed, `batch-${index}`)),
    run: (rows) => {
      model.score(rows, BATCH_ROWS, out);
      return out;
    },
    checksum: (scores) => scores[0]! + scores[BATCH_ROWS - 1]!,
  };
}

/**
 * Growth of the heap, taken in pieces so short that no collection falls into most of them; the median is of one
 * without. What reading it takes is in it, some hundred bytes in 10,000 rows.
 */
function allocatedBytesPerRow({ inputs, run }: TimedFunction<Float64Array, Float64Array>): number {
  const growths = Array.from({ length: HEAP_READINGS }, () => {
    const before = process.memoryUsage().heapUsed;
    for (let batch = 0; batch < BATCHES_PER_READING; batch++) run(inputs[batch % BATCHES]!);
    return process.memoryUsage().heapUsed - before;
  });
  return median(growths) / (BATCHES_PER_READING * BATCH_ROWS);
}
