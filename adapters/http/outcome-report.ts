/**
 * Body of `POST /admin/outcomes`: what became of impressions, as a JSON array or one JSON object a line (NDJSON). Read as a
 * whole or refused as a whole; fields that are not ours are passed over, as logs have them.
 */
import { isStorableKeyPart, KEY_PART_LENGTH_MAX } from '../../engine/campaign/storable.ts';
import { OUTCOME_TYPES, type Outcome, type OutcomeType } from '../../engine/estimation/quality/awaited-outcomes.ts';

export const OUTCOMES_MAX = 2000;

/** `path` is where: `[3].type`, in both forms counted from 0; empty for the whole. */
export class OutcomeReportError extends Error {
  override readonly name = 'OutcomeReportError';
  readonly path: string;

  constructor(path: string, message: string) {
    super(message);
    this.path = path;
  }
}

/** Throws an OutcomeReportError. */
export function readOutcomes(text: string): Outcome[] {
  const records = /^\s*\[/.test(text) ? readArray(text) : readLines(text);
  if (records.length > OUTCOMES_MAX) throw new OutcomeReportError('', `more than ${OUTCOMES_MAX} outcomes`);
  return records.map(readOutcome);
}

function readArray(text: string): unknown[] {
  return readJson(text, '') as unknown[];
}

function readLines(text: string): unknown[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line, index) => readJson(line, `[${index}]`));
}

function readJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new OutcomeReportError(path, `no JSON: ${(error as Error).message}`);
  }
}

function readOutcome(record: unknown, index: number): Outcome {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    throw new OutcomeReportError(`[${index}]`, 'must be an object');
  }
  const { auction, imp, type, atMs } = record as Record<string, unknown>;
  return {
    auctionId: readId(auction, `[${index}].auction`),
    impId: readId(imp, `[${index}].imp`),
    type: readType(type, `[${index}].type`),
    atMs: atMs === undefined || atMs === null ? null : readTime(atMs, `[${index}].atMs`),
  };
}

function readId(value: unknown, path: string): string {
  if (typeof value === 'string' && value !== '' && isStorableKeyPart(value)) return value;
  throw new OutcomeReportError(path, `must be a string of 1 to ${KEY_PART_LENGTH_MAX} characters without NUL`);
}

function readType(value: unknown, path: string): OutcomeType {
  if (OUTCOME_TYPES.includes(value as OutcomeType)) return value as OutcomeType;
  throw new OutcomeReportError(path, `must be one of ${OUTCOME_TYPES.join(', ')}`);
}

function readTime(value: unknown, path: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new OutcomeReportError(path, 'must be a whole number of ms since 1970');
}
