import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readCapture } from './capture-line.ts';

/** A payload path that cannot be used. */
export class PayloadError extends Error {
  constructor(path: string, problem: string) {
    super(`${path}: ${problem}`);
    this.name = 'PayloadError';
  }
}

/** Names that are read; anything else in a folder is left alone. */
const PAYLOAD_FILE = /\.(json|jsonl|ndjson)(\.gz)?$/;

/**
 * Request bodies from a file or, in name order and with its sub-folders, from a folder: `.json` holds one, `.jsonl` and
 * `.ndjson` one a line, each also with `.gz`. A `.json` body is sent as it is, broken or not, for broken requests are
 * worth replaying. A line that wraps its request (`{"path": …, "request": {…}}`) gives the request.
 * Throws a PayloadError when nothing can be read.
 */
export function loadPayloads(path: string): string[] {
  const payloads = payloadFiles(path).flatMap(readPayloads);
  if (payloads.length === 0) throw new PayloadError(path, 'holds no request payloads');
  return payloads;
}

/** Files that the path names, in name order. Throws a PayloadError when it names nothing. */
export function payloadFiles(path: string): string[] {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new PayloadError(path, 'does not exist');
  if (!stats.isDirectory()) return [path];
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => PAYLOAD_FILE.test(name))
    .sort()
    .map((name) => join(path, name));
}

function readPayloads(file: string): string[] {
  const { isWhole, isZipped } = payloadFormat(file);
  const bytes = readFileSync(file);
  const text = (isZipped ? gunzipSync(bytes) : bytes).toString('utf8');
  if (isWhole) return [text];
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => readCapture(line).body);
}

/** `isWhole`: all of it is one body; else each line is one. Throws a PayloadError for a name that is none of payloads. */
export function payloadFormat(file: string): { readonly isWhole: boolean; readonly isZipped: boolean } {
  const [, format, gz] = PAYLOAD_FILE.exec(file) ?? [];
  if (format === undefined) throw new PayloadError(file, 'is not a .json, .jsonl or .ndjson file (.gz allowed)');
  return { isWhole: format === 'json', isZipped: gz !== undefined };
}
