/** Every payload of the shared corpus gets the verdict of its manifest. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Diagnostic } from './diagnostics.ts';
import { createRequestReader } from './read-request.ts';
import { createResponseReader } from './read-response.ts';

const FOLDER = new URL('../../shared/corpora/openrtb/', import.meta.url);
const isThere = existsSync(FOLDER);

interface Entry {
  readonly file: string;
  readonly kind: 'request' | 'response' | 'pair';
  readonly expect: 'accept' | 'warn' | 'reject' | 'nobid';
  readonly nbr?: number;
  /** Of a pair: the file with the request. */
  readonly request?: string;
}

const manifest: readonly Entry[] = isThere ? JSON.parse(readText('manifest.json')) : [];
const entries = (kind: Entry['kind']) => manifest.filter((entry) => entry.kind === kind);
const readRequest = createRequestReader();
const readResponse = createResponseReader();

function readBytes(file: string): Uint8Array {
  return readFileSync(new URL(file, FOLDER));
}

function readText(file: string): string {
  return readFileSync(new URL(file, FOLDER), 'utf8');
}

const verdictOf = (diagnostics: readonly Diagnostic[]) =>
  diagnostics.some(({ severity }) => severity !== 'notice') ? 'warn' : 'accept';

describe.skipIf(!isThere)('shared corpus ../shared/corpora/openrtb', () => {
  it('holds 28 requests, 13 responses and 9 pairs', () => {
    const counts = (['request', 'response', 'pair'] as const).map((kind) => entries(kind).length);
    expect(counts).toEqual([28, 13, 9]);
  });

  it.each(entries('request'))('$file: $expect', ({ file, expect: expected }) => {
    const reading = readRequest(readBytes(file));
    expect([reading.kind === 'ok' ? verdictOf(reading.diagnostics) : 'reject', reading.diagnostics]).toEqual([
      expected,
      reading.diagnostics,
    ]);
  });

  it.each(entries('response'))('$file: $expect', ({ file, expect: expected, nbr }) => {
    const { id } = JSON.parse(readText(file));
    const reading = readResponse(readBytes(file), { requestId: id ?? 'r1' });
    if (expected === 'nobid') expect(reading).toMatchObject({ kind: 'no-bid', nbr: nbr ?? null });
    else expect([reading.kind, verdictOf(reading.diagnostics)]).toEqual(['bids', expected]);
  });

  // What the bids of a pair are worth is the auction's to say; here both sides must be readable.
  it.each(entries('pair'))('$file is read', ({ file, request }) => {
    const requestReading = readRequest(readBytes(request!));
    if (requestReading.kind !== 'ok') throw new Error(JSON.stringify(requestReading.diagnostic));
    const reading = readResponse(readBytes(file), { requestId: requestReading.request.id });
    expect(['bids', 'no-bid']).toContain(reading.kind);
  });
});
