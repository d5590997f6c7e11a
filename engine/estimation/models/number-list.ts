/** Numbers in the text of a model file. All that is not exactly a number of the wanted kind is refused with its place. */
import { ModelFormatError, quoted } from './model-format-error.ts';

const INTEGER = /^[+-]?\d{1,15}$/;
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

const INFINITIES: ReadonlyMap<string, number> = new Map([
  ['inf', Number.POSITIVE_INFINITY],
  ['-inf', Number.NEGATIVE_INFINITY],
]);

export interface IntegerRange {
  readonly minimum: number;
  readonly maximum: number;
}

/** Throws a `ModelFormatError`. */
export function parseInteger(text: string, place: string, { minimum, maximum }: IntegerRange): number {
  if (!INTEGER.test(text)) throw new ModelFormatError(place, `${quoted(text)} is not an integer`);
  const value = Number(text);
  if (value < minimum || value > maximum) {
    throw new ModelFormatError(place, `${value} is not within ${minimum}..${maximum}`);
  }
  return value;
}

/** Neither NaN nor infinite. Throws a `ModelFormatError`. */
export function parseFinite(text: string, place: string): number {
  const value = DECIMAL.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(value)) throw new ModelFormatError(place, `${quoted(text)} is not a finite number`);
  return value;
}

/** Words between spaces. */
export function words(text: string): string[] {
  return text.split(/[ \t]+/).filter((word) => word !== '');
}

/**
 * Memory is taken for what the text holds, not for the `count` that another line of it claims.
 * Throws a `ModelFormatError` when there are more or fewer.
 */
export function exactWords(text: string, count: number, place: string): string[] {
  const found = words(text);
  if (found.length !== count) throw new ModelFormatError(place, `${found.length} values where ${count} are expected`);
  return found;
}

export function integerList(text: string, count: number, place: string, range: IntegerRange): Int32Array {
  return Int32Array.from(exactWords(text, count, place), (word, index) =>
    parseInteger(word, `${place}[${index}]`, range),
  );
}

/** Also `inf` and `-inf`. */
export function numberList(text: string, count: number, place: string): Float64Array {
  return Float64Array.from(
    exactWords(text, count, place),
    (word, index) => INFINITIES.get(word) ?? parseFinite(word, `${place}[${index}]`),
  );
}

export function finiteList(text: string, count: number, place: string): Float64Array {
  return Float64Array.from(exactWords(text, count, place), (word, index) => parseFinite(word, `${place}[${index}]`));
}
