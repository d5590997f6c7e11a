/**
 * Entry of the process that plays a model server of the Open Inference Protocol v2: rates are right at once, and come
 * after a time that is drawn log-normal, as overloaded servers have it.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { seededRandom } from '../../simulator/random.ts';
import { serveParent } from './serve-parent.ts';

export interface StubModelOptions {
  readonly seed: number;
  readonly featureCount: number;
  readonly medianMs: number;
  readonly p99Ms: number;
}

/** Of the standard normal distribution. */
const NORMAL_P99 = 2.3263478740408408;

/** How many times as slow as it was started; infinite: it takes calls and never answers. */
let slowness = 1;
let callCount = 0;
let rowCount = 0;

/** Gives the URL. */
async function start({ seed, featureCount, medianMs, p99Ms }: StubModelOptions): Promise<string> {
  const random = seededRandom(seed);
  const sigma = Math.log(p99Ms / medianMs) / NORMAL_P99;
  const metadata = JSON.stringify({
    name: 'clicks',
    versions: ['1'],
    inputs: [{ name: 'rows', datatype: 'FP64', shape: [-1, featureCount] }],
  });
  const server = createServer(async (request, response) => {
    if (request.method === 'GET') {
      response.end(request.url!.endsWith('/ready') ? '{}' : metadata);
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { inputs } = JSON.parse(Buffer.concat(chunks).toString()) as { inputs: [{ shape: [number, number] }] };
    callCount += 1;
    rowCount += inputs[0].shape[0];
    const answerMs = random.logNormal(medianMs, sigma) * slowness;
    if (Number.isFinite(answerMs)) setTimeout(() => answer(response, inputs[0].shape[0]), answerMs);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** One after the other a little more than 0.01: rankings are by price, and yet it is no model that says one thing of all. */
const RATES = Array.from({ length: 100 }, (_, index) => 0.01 + index * 1e-7);
let answeredCount = 0;

function answer(response: ServerResponse, count: number): void {
  const data: number[] = [];
  for (let row = 0; row < count; row++) data.push(RATES[answeredCount++ % RATES.length]!);
  const outputs = [{ name: 'rates', datatype: 'FP64', shape: [count], data }];
  response.end(JSON.stringify({ model_name: 'clicks', model_version: '1', outputs }));
}

const handlers = {
  start,
  /** How many times as slow calls are from now on. */
  setSlowness: (times: number): void => {
    slowness = times;
  },
  /** Calls from now on are never answered. */
  hang: (): void => {
    slowness = Number.POSITIVE_INFINITY;
  },
  /** Since this was last asked. */
  takeCounts: (): { calls: number; rows: number } => {
    const counts = { calls: callCount, rows: rowCount };
    callCount = 0;
    rowCount = 0;
    return counts;
  },
};

export type StubModelHandlers = typeof handlers;

serveParent(handlers);
