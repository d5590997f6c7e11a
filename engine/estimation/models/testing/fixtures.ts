/** Models by LightGBM and what it predicted with them; made by scripts/train/make_test_vectors.py. */
import { readdirSync, readFileSync } from 'node:fs';

const folder = new URL('../fixtures/', import.meta.url);

/** `lightgbm-4.7.0/numeric`, ... */
export const FIXTURE_NAMES: readonly string[] = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.txt'))
  .map((name) => name.slice(0, -'.txt'.length))
  .sort();

export interface Vectors {
  /** Row after row. */
  readonly rows: Float64Array;
  readonly raw: readonly number[];
  readonly predicted: readonly number[];
}

type Encoded = number | 'inf' | '-inf' | null;

export function modelText(name: string): string {
  return readFileSync(new URL(`${name}.txt`, folder), 'utf8');
}

export function readVectors(name: string): Vectors {
  const { rows, raw, predicted } = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as {
    rows: Encoded[][];
    raw: Encoded[];
    predicted: Encoded[];
  };
  return {
    rows: Float64Array.from(rows.flat(), decode),
    raw: raw.map(decode),
    predicted: predicted.map(decode),
  };
}

function decode(value: Encoded): number {
  if (value === null) return Number.NaN;
  if (typeof value === 'number') return value;
  return value === 'inf' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
}
