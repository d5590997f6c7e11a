import { ModelFormatError, quoted } from './model-format-error.ts';

/** The fields of an object out of JSON, each checked when it is asked for. All failures are `ModelFormatError`s. */
export class JsonFields {
  readonly #place: string;
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(json: unknown, place: string) {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw new ModelFormatError(place, 'is not an object');
    }
    this.#place = place;
    this.#fields = json as Readonly<Record<string, unknown>>;
  }

  /** Refuses what nobody would read: a misspelled field must not be passed over. */
  allowOnly(keys: readonly string[]): void {
    for (const key of Object.keys(this.#fields)) {
      if (!keys.includes(key)) throw new ModelFormatError(`${this.#place}.${key}`, `is not one of ${keys.join(', ')}`);
    }
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#fields, key);
  }

  oneOf<T extends string>(key: string, values: readonly T[]): T {
    const value = values.find((candidate) => candidate === this.#get(key));
    return value ?? this.fail(key, `${quoted(String(this.#get(key)))} is not one of ${values.join(', ')}`);
  }

  number(key: string): number {
    const value = this.#get(key);
    return typeof value === 'number' && Number.isFinite(value) ? value : this.fail(key, 'is not a finite number');
  }

  /** One or more. */
  numbers(key: string): Float64Array {
    const values = this.numbersOrNone(key);
    return values.length > 0 ? values : this.fail(key, 'is not a list of one or more numbers');
  }

  numbersOrNone(key: string): Float64Array {
    const values = this.#get(key);
    if (!Array.isArray(values)) return this.fail(key, 'is not a list of numbers');
    return Float64Array.from(values, (value: unknown, index) =>
      typeof value === 'number' && Number.isFinite(value)
        ? value
        : this.fail(`${key}[${index}]`, 'is not a finite number'),
    );
  }

  text(key: string): string {
    const value = this.#get(key);
    return typeof value === 'string' && value !== '' ? value : this.fail(key, 'is not a text');
  }

  integer(key: string): number {
    const value = this.number(key);
    return Number.isSafeInteger(value) && value >= 0 ? value : this.fail(key, 'is not an integer of 0 or more');
  }

  /** One or more, of anything. */
  list(key: string): readonly unknown[] {
    const value = this.#get(key);
    return Array.isArray(value) && value.length > 0 ? value : this.fail(key, 'is not a list with something in it');
  }

  /** The fields of an object inside. */
  object(key: string): JsonFields {
    return new JsonFields(this.#get(key), `${this.#place}.${key}`);
  }

  /** In the order of the file. */
  keys(): readonly string[] {
    return Object.keys(this.#fields);
  }

  fail(key: string, problem: string): never {
    throw new ModelFormatError(`${this.#place}.${key}`, problem);
  }

  #get(key: string): unknown {
    return this.has(key) ? this.#fields[key] : undefined;
  }
}

/** Throws a `ModelFormatError` for what is not JSON. */
export function parseJson(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ModelFormatError(place, `is not JSON: ${oneLine((error as Error).message)}`);
  }
}

/** The parser quotes the text, breaks included. */
function oneLine(message: string): string {
  return message.replace(/\s+/g, ' ');
}
