/** Reading of scenario files: YAML that a schema checks, and errors that name the place. */
import { readFileSync } from 'node:fs';
import type { ErrorObject, ValidateFunction } from 'ajv';
import { type Document, LineCounter, parseDocument } from 'yaml';

/** A scenario that cannot be run. The message names file, line (when known) and key. */
export class ScenarioError extends Error {
  readonly file: string;
  /** `groups[0].latency.medianMs`; empty for the file as a whole. */
  readonly key: string;

  constructor(file: string, key: string, line: number | null, problem: string) {
    super(`${file}${line === null ? '' : `:${line}`}: ${key === '' ? '' : `${key}: `}${problem}`);
    this.name = 'ScenarioError';
    this.file = file;
    this.key = key;
  }
}

export type KeyPath = readonly (string | number)[];

export interface Problem {
  readonly path: KeyPath;
  readonly text: string;
}

export interface ScenarioRules<T> {
  /** Compiled with `useDefaults`. */
  readonly validate: ValidateFunction<T>;
  /** What a schema cannot say. */
  readonly findContradiction: (scenario: T) => Problem | null;
  /** Null: nothing better than what is said of every key. */
  readonly describeUnknownKey: (parent: KeyPath) => string | null;
}

/** Throws a ScenarioError. */
export function readScenarioText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ScenarioError(path, '', null, `cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** Checks the text of a scenario; `file` is what errors call it. Throws a ScenarioError. */
export function checkedScenario<T>(text: string, file: string, rules: ScenarioRules<T>): T {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const syntaxError = document.errors[0];
  if (syntaxError !== undefined) {
    throw new ScenarioError(file, '', lines.linePos(syntaxError.pos[0]).line, syntaxError.message.split('\n')[0]!);
  }
  const scenario: unknown = document.toJS();
  const problem = rules.validate(scenario)
    ? rules.findContradiction(scenario)
    : describe(rules.validate.errors![0]!, rules);
  if (problem !== null) {
    throw new ScenarioError(file, formatKey(problem.path), findLine(document, lines, problem.path), problem.text);
  }
  return scenario as T;
}

function describe<T>(error: ErrorObject, { describeUnknownKey }: ScenarioRules<T>): Problem {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part.replaceAll('~1', '/').replaceAll('~0', '~')));
  if (error.keyword === 'additionalProperties') {
    const key = String(error.params.additionalProperty);
    return { path: [...path, key], text: describeUnknownKey(path) ?? 'is not a key of a scenario' };
  }
  if (error.keyword === 'required') {
    return { path: [...path, String(error.params.missingProperty)], text: 'is missing' };
  }
  const allowed = error.keyword === 'enum' ? `: ${(error.params.allowedValues as string[]).join(', ')}` : '';
  return { path, text: `${error.message}${allowed}` };
}

function formatKey(path: KeyPath): string {
  return path.reduce<string>((key, part) => {
    if (typeof part === 'number') return `${key}[${part}]`;
    return key === '' ? part : `${key}.${part}`;
  }, '');
}

/** Line of the key, or of the nearest parent that is in the file. */
function findLine(document: Document, lines: LineCounter, path: KeyPath): number | null {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true) as { range?: [number, number, number] } | undefined;
    if (node?.range) return lines.linePos(node.range[0]).line;
  }
  return null;
}
