import { readFileSync } from 'node:fs';
import type { BenchFigure } from './measured-costs.ts';

/** A file that is no output of `gavel bench --json`: which line, and why. */
export class FiguresError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'FiguresError';
  }
}

/**
 * Reads what `gavel bench --json` has printed: an object a line, or several such outputs behind each other, of which the
 * later figure of a name counts. Throws a FiguresError.
 */
export function readFigures(path: string): BenchFigure[] {
  const lines = textOf(path).split('\n');
  const figures = lines.flatMap((line, at) => (line.trim() === '' ? [] : [figureOf(line, `${path}:${at + 1}`)]));
  if (figures.length === 0) throw new FiguresError(`${path} has no figures`);
  return figures;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new FiguresError(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

function figureOf(line: string, place: string): BenchFigure {
  const figure = parsed(line);
  if (isFigure(figure) && Number.isFinite(figure.value) && figure.value >= 0) return figure;
  throw new FiguresError(`${place}: is no {"name": TEXT, "value": NUMBER, "unit": TEXT}, as gavel bench --json prints`);
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

function isFigure(value: unknown): value is BenchFigure {
  const { name, value: number, unit } = (value ?? {}) as Partial<Record<keyof BenchFigure, unknown>>;
  return typeof name === 'string' && typeof number === 'number' && typeof unit === 'string';
}
