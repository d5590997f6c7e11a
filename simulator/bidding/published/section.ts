/** Reading of a section of a file of published results, which strangers may have written. */
import { BiddingError } from '../bidding-error.ts';
import type { Figures } from './published-row.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export class Section {
  readonly name: string;
  readonly json: JsonObject;
  /** Numbers that `params` names, or else that the section's rules name in words, as in "b0 = 10". */
  readonly #settings: ReadonlyMap<string, number>;

  constructor(name: string, json: JsonObject) {
    this.name = name;
    this.json = json;
    this.#settings = new Map([...settingsInWords(json), ...settingsOf(json.params)]);
  }

  setting(name: string): number | undefined {
    return this.#settings.get(name);
  }

  /** `{ [key]: value }` when there is such a setting, for options that have defaults. */
  option<Key extends string>(key: Key, name: string): { readonly [K in Key]?: number } {
    const value = this.setting(name);
    return (value === undefined ? {} : { [key]: value }) as { readonly [K in Key]?: number };
  }

  object(key: string): JsonObject {
    const value = this.json[key];
    return isObject(value) ? value : this.refuse(`has no object "${key}"`);
  }

  /** What was published, by policy. */
  get figures(): ReadonlyMap<string, Figures> {
    const policies = Object.entries(this.object('published'));
    return new Map(policies.map(([policy, value]) => [policy, this.#figuresOf(policy, value)]));
  }

  /** Paths in `data`, one or several. */
  get data(): readonly string[] {
    const paths = Array.isArray(this.json.data) ? this.json.data : [this.json.data];
    return paths.every((path) => typeof path === 'string') ? paths : this.refuse('has no path "data"');
  }

  /** A log to learn from, and one to bid in. */
  get trainAndData(): readonly [string, string] {
    const [train, data] = this.data;
    return train === undefined || data === undefined
      ? this.refuse('needs two logs as "data": one to learn from, one to bid in')
      : [train, data];
  }

  #figuresOf(policy: string, value: unknown): Figures {
    const figures = isObject(value) ? value : this.refuse(`has no figures of ${policy}`);
    return Object.fromEntries(Object.entries(figures).map(([name, figure]) => [name, Number(figure)]));
  }

  refuse(problem: string): never {
    throw new BiddingError(`section "${this.name}" ${problem}`);
  }
}

function settingsOf(params: unknown): [string, number][] {
  return isObject(params)
    ? Object.entries(params).filter((entry): entry is [string, number] => typeof entry[1] === 'number')
    : [];
}

/** Settings that a section may give among its rules. */
const IN_WORDS = /\b(b0|c0|l) ?= ?(\d+(?:\.\d+)?)/g;

function settingsInWords({ rules, status }: JsonObject): [string, number][] {
  const text = [status, ...(Array.isArray(rules) ? rules : [rules])].filter((part) => typeof part === 'string');
  return [...text.join('\n').matchAll(IN_WORDS)].map(([, name, value]) => [name!, Number(value)]);
}
