/**
 * Loading: file, then environment, then command line, then defaults; validated as a whole. Any error refuses all of it,
 * naming the place (file and line, or variable), the key, and what would be right.
 */
import { readFileSync } from 'node:fs';
import { Ajv, type ErrorObject } from 'ajv';
import { type Document, LineCounter, parseDocument } from 'yaml';
import { checkConsistency } from './consistency.ts';
import { environmentOverrides } from './environment.ts';
import { checkRatesFile } from './rates-file.ts';
import { CONFIG_SCHEMA } from './schema.ts';
import type { Config } from './types.ts';

/** `message` is one line fit for a terminal: `gavel.yaml:12: server.port: must be <= 65535, is 99999`. */
export class ConfigError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ConfigError';
  }
}

export interface ConfigSources {
  /** YAML or JSON file; null = defaults only. */
  readonly file: string | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** From the command line; path in dots to value. */
  readonly overrides: Readonly<Record<string, unknown>>;
}

export function loadConfig(sources: ConfigSources): Config {
  const source = sources.file === null ? null : parseFile(sources.file);
  const tree = source === null ? {} : source.tree;
  const placeOf = new Map<string, string>();
  for (const { path, value, variable } of environmentOverrides(sources.environment)) {
    if (path === null) throw new ConfigError(`environment ${variable}: no such setting`);
    setAt(tree, path, value);
    placeOf.set(path, `environment ${variable}`);
  }
  for (const [path, value] of Object.entries(sources.overrides)) {
    setAt(tree, path, value);
    placeOf.set(path, 'command line');
  }
  return validated(tree, (path) => placeOf.get(path) ?? source?.placeOf(path) ?? 'configuration');
}

const validate = new Ajv({ useDefaults: true, allErrors: true, verbose: true, strict: true, allowUnionTypes: true })
  .addKeyword({ keyword: 'secret', schemaType: 'boolean' })
  .compile(CONFIG_SCHEMA);

function validated(tree: Record<string, unknown>, placeOf: (path: string) => string): Config {
  if (!validate(tree)) {
    const error = validate.errors![0]!;
    const path = errorPath(error);
    throw new ConfigError(`${placeOf(path)}: ${path || 'root'}: ${explain(error)}`);
  }
  const config = tree as unknown as Config;
  const inconsistency = checkConsistency(config) ?? checkRatesFile(config);
  if (inconsistency !== null) {
    throw new ConfigError(`${placeOf(inconsistency.path)}: ${inconsistency.path}: ${inconsistency.message}`);
  }
  return config;
}

interface ParsedFile {
  readonly tree: Record<string, unknown>;
  /** `file:line` of the key at a path, or of the nearest key above it. */
  readonly placeOf: (path: string) => string;
}

function parseFile(file: string): ParsedFile {
  let textOfFile: string;
  try {
    textOfFile = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(`${file}: cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  const lines = new LineCounter();
  const document = parseDocument(textOfFile, { lineCounter: lines, uniqueKeys: true });
  const problem = document.errors[0];
  if (problem !== undefined) {
    throw new ConfigError(`${file}:${lines.linePos(problem.pos[0]).line}: ${problem.message.split('\n', 1)[0]}`);
  }
  const tree = resolvedTree(document, file) ?? {};
  if (typeof tree !== 'object' || Array.isArray(tree)) throw new ConfigError(`${file}:1: root: must be a mapping`);
  return {
    tree: tree as Record<string, unknown>,
    placeOf: (path) => `${file}:${lineOf(document, lines, path)}`,
  };
}

/** Aliases are resolved only here: unknown ones, and those that would unfold into a bomb, throw. */
function resolvedTree(document: Document, file: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new ConfigError(`${file}:1: ${(error as Error).message}`);
  }
}

function lineOf(document: Document, lines: LineCounter, path: string): number {
  for (let keys = splitPath(path); keys.length > 0; keys = keys.slice(0, -1)) {
    const node = document.getIn(keys, true) as { range?: [number, number, number] } | undefined;
    if (node?.range !== undefined) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

/** `dsps[3].url` for people; instance paths are `/dsps/3/url`. */
function errorPath(error: ErrorObject): string {
  const keys = error.instancePath.split('/').slice(1);
  if (error.keyword === 'additionalProperties') keys.push(error.params.additionalProperty as string);
  if (error.keyword === 'required') keys.push(error.params.missingProperty as string);
  return keys.map((key, index) => (/^\d+$/.test(key) ? `[${key}]` : index === 0 ? key : `.${key}`)).join('');
}

function splitPath(path: string): (string | number)[] {
  return path
    .split(/[.[\]]+/)
    .filter((key) => key !== '')
    .map((key) => (/^\d+$/.test(key) ? Number(key) : key));
}

function explain(error: ErrorObject): string {
  switch (error.keyword) {
    case 'additionalProperties':
      return `no such setting${suggestion(error)}`;
    case 'required':
      return 'is missing';
    case 'enum':
      return `must be one of ${(error.params.allowedValues as string[]).join(', ')}, is ${shown(error.data)}`;
    default:
      return isSecret(error) ? `${error.message}` : `${error.message}, is ${shown(error.data)}`;
  }
}

function isSecret(error: ErrorObject): boolean {
  return (error.parentSchema as { secret?: boolean }).secret === true;
}

function suggestion(error: ErrorObject): string {
  const known = Object.keys((error.parentSchema as { properties?: object }).properties ?? {});
  return known.length === 0 ? '' : `; known here: ${known.join(', ')}`;
}

function shown(value: unknown): string {
  return typeof value === 'object' && value !== null
    ? Array.isArray(value)
      ? 'a list'
      : 'a mapping'
    : JSON.stringify(value);
}

function setAt(tree: Record<string, unknown>, path: string, value: unknown): void {
  const keys = path.split('.');
  let node = tree;
  for (const key of keys.slice(0, -1)) {
    const next = node[key];
    if (typeof next !== 'object' || next === null) node[key] = {};
    node = node[key] as Record<string, unknown>;
  }
  node[keys.at(-1)!] = value;
}
