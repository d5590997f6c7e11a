/** The test payloads of a peer's adapters: nothing throws, and a change of verdicts shows in the counts. */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Diagnostic } from './diagnostics.ts';
import { createRequestReader, type RequestReading } from './read-request.ts';
import { createResponseReader, type ResponseReading } from './read-response.ts';

const FOLDER = new URL('../../shared/datasets/openrtb/', import.meta.url);
const readRequest = createRequestReader();
const readResponse = createResponseReader();

function lines<T>(file: string): T[] {
  const bytes = readFileSync(new URL(file, FOLDER));
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** Bodies that were text on the wire are strings in the data set. */
function bytesOf(body: unknown): Uint8Array {
  if (body === undefined || body === null) return new Uint8Array();
  return new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body));
}

function worst(diagnostics: readonly Diagnostic[]): string {
  for (const severity of ['drop', 'warn']) {
    if (diagnostics.some((diagnostic) => diagnostic.severity === severity)) return severity;
  }
  return 'accept';
}

const requestVerdict = (reading: RequestReading) =>
  reading.kind === 'ok' ? worst(reading.diagnostics) : `rejected: ${reading.diagnostic.code}`;

function responseVerdict(reading: ResponseReading): string {
  if (reading.kind === 'invalid') return `invalid: ${reading.diagnostic.code}`;
  if (reading.kind === 'no-bid') return reading.dropped.length > 0 ? 'no bid left' : 'no-bid';
  return `bids: ${worst(reading.diagnostics)}`;
}

function count(verdicts: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const verdict of verdicts.toSorted()) counts[verdict] = (counts[verdict] ?? 0) + 1;
  return counts;
}

describe.skipIf(!existsSync(FOLDER))('shared data ../shared/datasets/openrtb', () => {
  it('2,741 requests of adapter tests: 2,507 are taken, 234 rejected', () => {
    const requests = lines<{ request: unknown }>('prebid-adapter-requests.jsonl.gz');
    expect(requests).toHaveLength(2741);
    expect(count(requests.map(({ request }) => requestVerdict(readRequest(bytesOf(request)))))).toEqual({
      accept: 1531,
      drop: 20,
      'rejected: duplicate-imp-id': 6,
      'rejected: missing-field': 41,
      'rejected: missing-mimes': 15,
      'rejected: missing-request-id': 1,
      'rejected: native-invalid': 36,
      'rejected: no-media': 51,
      'rejected: no-size': 25,
      'rejected: no-usable-imp': 36,
      'rejected: several-inventories': 22,
      'rejected: unknown-currency': 1,
      warn: 956,
    });
  });

  it('2,349 responses of adapter tests: 1,380 hold bids, 846 none, 123 are invalid', () => {
    const responses = lines<{ response: { id?: string } | null }>('prebid-adapter-responses.jsonl.gz');
    expect(responses).toHaveLength(2349);
    // The requests they belong to are not in the data: every response is taken to be for the request it names.
    const read = ({ response }: (typeof responses)[number]) =>
      readResponse(bytesOf(response), { requestId: String(response?.id ?? 'r1') });
    expect(count(responses.map((line) => responseVerdict(read(line))))).toEqual({
      'bids: accept': 507,
      'bids: drop': 23,
      'bids: warn': 850,
      'invalid: not-json': 98,
      'invalid: root-not-object': 22,
      'invalid: seatbid-not-array': 3,
      'no bid left': 84,
      'no-bid': 762,
    });
  });

  it('37 requests in the dialects of seven exchanges: 35 are taken, 2 rejected', () => {
    const requests = lines<{ request: unknown }>('rtbkit-exchange-requests.jsonl');
    expect(requests).toHaveLength(37);
    expect(count(requests.map(({ request }) => requestVerdict(readRequest(bytesOf(request)))))).toEqual({
      accept: 16,
      'rejected: missing-field': 2,
      warn: 19,
    });
  });
});
