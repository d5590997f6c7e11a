/** Other people's payloads, beside this checkout in CI and on the developers' machines; never part of it. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { BidRequest } from '../../openrtb/types.ts';

const FOLDER = fileURLToPath(new URL('../../../shared', import.meta.url));
const CORPORA = `${FOLDER}/corpora/openrtb`;
const DATASETS = `${FOLDER}/datasets/openrtb`;

export const HAS_SHARED_DATA = existsSync(`${CORPORA}/manifest.json`) && existsSync(DATASETS);

export interface ManifestRequest {
  readonly kind: 'request';
  readonly file: string;
  readonly expect: 'accept' | 'warn' | 'reject';
  readonly why: string;
}

export interface ManifestPair {
  readonly kind: 'pair';
  readonly file: string;
  readonly request: string;
  readonly expect: 'accept' | 'warn' | 'nobid';
  /** One per bid in order: `accept`, or `reject:LOSS_CODE`. */
  readonly bids: readonly string[];
  readonly why: string;
}

export function manifest(): readonly (ManifestRequest | ManifestPair | { readonly kind: 'response' })[] {
  return JSON.parse(readFileSync(`${CORPORA}/manifest.json`, 'utf8'));
}

export function corpusFile(name: string): Buffer {
  return readFileSync(`${CORPORA}/${name}`);
}

export interface DatasetRequest {
  readonly path: string;
  readonly request: BidRequest;
}

export interface DatasetAnswer {
  readonly path: string;
  readonly status: number | null;
  readonly response: unknown;
}

export function datasetRequests(): DatasetRequest[] {
  return jsonLines(`${DATASETS}/prebid-adapter-requests.jsonl.gz`) as DatasetRequest[];
}

export function datasetAnswers(): DatasetAnswer[] {
  return jsonLines(`${DATASETS}/prebid-adapter-responses.jsonl.gz`) as DatasetAnswer[];
}

function jsonLines(file: string): unknown[] {
  const text = gunzipSync(readFileSync(file)).toString('utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}
