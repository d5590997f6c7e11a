/** Reads the record of a run or of a comparison that somebody names. */
import { readFileSync, statSync } from 'node:fs';
import type { ErrorObject } from 'ajv';
import type { ComparisonRecord } from '../comparison/comparison-record.ts';
import { RUN_RECORD_VERSION, type RunRecord } from '../world/run-record.ts';
import { isComparisonRecord, isRunRecord } from './record-schema.ts';

/** The file is no record. The message says where it is wrong, and what would be right; without the name of the file. */
export class RecordError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RecordError';
  }
}

/** Above this a string would not hold it. A year in intervals of ten minutes is 40 MB. */
const BYTES_MAX = 400 * 1024 * 1024;

/** Throws a RecordError, or the error of the file system. */
export function readRecordFile(path: string): RunRecord | ComparisonRecord {
  const status = statSync(path);
  if (!status.isFile() && !status.isFIFO()) throw new RecordError('is no file');
  if (status.size > BYTES_MAX)
    throw new RecordError(`is longer than ${BYTES_MAX / 1024 / 1024} MB; choose longer intervals`);
  return parseRecord(readFileSync(path, 'utf8'));
}

/** Throws a RecordError. */
export function parseRecord(text: string): RunRecord | ComparisonRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new RecordError('is not JSON; gavel simulate --world … --out FILE writes records of runs');
  }
  const { kind, version } = (typeof value === 'object' && value !== null ? value : {}) as {
    readonly kind?: unknown;
    readonly version?: unknown;
  };
  if (kind !== 'run' && kind !== 'comparison') {
    throw new RecordError(`kind: must be "run" or "comparison", is ${shown(kind)}`);
  }
  if (version !== RUN_RECORD_VERSION) {
    throw new RecordError(`version: this build of Gavel reads ${RUN_RECORD_VERSION}, the file has ${shown(version)}`);
  }
  if (kind === 'run') {
    if (!isRunRecord(value)) throw new RecordError(described(isRunRecord.errors![0]!));
    checkRun(value, '');
    return value;
  }
  if (!isComparisonRecord(value)) throw new RecordError(described(isComparisonRecord.errors![0]!));
  checkComparison(value);
  return value;
}

function described({ instancePath, message, params, keyword }: ErrorObject): string {
  const key = instancePath
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : path === '' ? part : `${path}.${part}`), '');
  if (keyword === 'required') return `${key === '' ? '' : `${key}.`}${params.missingProperty}: is missing`;
  return `${key === '' ? 'the record' : key}: ${message}${keyword === 'enum' ? `: ${params.allowedValues.join(', ')}` : ''}`;
}

/** What a schema cannot say. `at` stands before keys. */
function checkRun({ intervals, durationMs, campaigns, regions }: RunRecord, at: string): void {
  for (const [index, { fromMs }] of intervals.entries()) {
    const isInOrder = fromMs > (intervals[index - 1]?.fromMs ?? -1) && fromMs < durationMs;
    if (!isInOrder)
      throw new RecordError(`${at}intervals[${index}].fromMs: must be in order and before durationMs, is ${fromMs}`);
  }
  const lists = [
    ...campaigns.flatMap(({ plannedNanos, spentByNanos, pace, leasedNanos, strandedNanos }, index) =>
      Object.entries({ plannedNanos, spentByNanos, pace, leasedNanos, strandedNanos }).map(
        ([key, list]) => [`campaigns[${index}].${key}`, list] as const,
      ),
    ),
    ...regions.flatMap(({ requests, shed, utilisation, machines }, index) =>
      Object.entries({ requests, shed, utilisation, machines }).map(
        ([key, list]) => [`regions[${index}].${key}`, list] as const,
      ),
    ),
  ];
  for (const [key, list] of lists) checkLength(`${at}${key}`, list.length, intervals.length, 'intervals');
}

function checkComparison({ arms, seeds, metrics }: ComparisonRecord): void {
  for (const [index, { example }] of arms.entries()) checkRun(example, `arms[${index}].example.`);
  for (const [index, { values, differences }] of metrics.entries()) {
    checkLength(`metrics[${index}].values`, values.length, arms.length, 'arms');
    for (const [arm, ofArm] of values.entries()) {
      checkLength(`metrics[${index}].values[${arm}]`, ofArm.length, seeds.length, 'seeds');
    }
    checkLength(`metrics[${index}].differences`, differences.length, arms.length - 1, 'arms but the first');
  }
}

function checkLength(key: string, length: number, wanted: number, of: string): void {
  if (length !== wanted)
    throw new RecordError(`${key}: must have one entry for each of the ${wanted} ${of}, has ${length}`);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text === undefined ? 'missing' : text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
