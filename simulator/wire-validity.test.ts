import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createRequestReader } from '../openrtb/read-request.ts';
import { createResponseReader } from '../openrtb/read-response.ts';
import type { BidRequest } from '../openrtb/types.ts';
import { decide } from './dsp/behaviour.ts';
import { defaultScenarioPath, dspsOf, loadScenario } from './dsp/scenario.ts';
import { seededRandom } from './random.ts';
import { generateRequest } from './traffic/request-generator.ts';

const readRequest = createRequestReader();
const readResponse = createResponseReader();
const dsps = dspsOf(loadScenario(defaultScenarioPath()));
const traffic = seededRandom(1).fork('traffic');

const folder = fileURLToPath(new URL('../config/examples/requests', import.meta.url));
const examples = readdirSync(folder).map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));

function findings(body: string): unknown {
  const reading = readRequest(Buffer.from(body), { strictness: 'strict' });
  return { kind: reading.kind, diagnostics: reading.diagnostics };
}

describe('requests', () => {
  it.each(examples)('$name is valid 2.6 without remark', ({ text }) => {
    expect(findings(text)).toEqual({ kind: 'ok', diagnostics: [] });
    for (const address of text.match(/"ip": "[^"]*"/g) ?? []) expect(address).toMatch(/"192\.0\.2\.\d+"/);
  });

  it('of the generator are valid 2.6 without remark', () => {
    for (let index = 0; index < 500; index++) {
      expect(findings(JSON.stringify(generateRequest(traffic, index)))).toEqual({ kind: 'ok', diagnostics: [] });
    }
  });
});

describe('answers of the default scenario', () => {
  it('are valid without remark, whatever the request offers', () => {
    let bidCount = 0;
    for (let index = 0; index < 200; index++) {
      const request = generateRequest(traffic, index);
      for (const dsp of dsps) {
        const { reply } = decide(dsp, request, seededRandom(index).fork(dsp.id), 'http://127.0.0.1:9001');
        if (reply === null) continue;
        const reading = readResponse(Buffer.from(JSON.stringify(reply)), {
          requestId: request.id,
          strictness: 'strict',
        });
        expect(reading).toMatchObject({ kind: 'bids', dropped: [], diagnostics: [] });
        bidCount += reply.seatbid!.flatMap(({ bid }) => bid).length;
      }
    }
    expect(bidCount).toBeGreaterThan(1_000);
  });

  /** An engine with the usual 30 ms limit would get at least one bid above the floor for this share of requests. */
  function fillOf(requestAt: (index: number) => BidRequest, count: number): number {
    let filled = 0;
    for (let index = 0; index < count; index++) {
      const request = requestAt(index);
      const hasBid = dsps.some((dsp) => {
        const { delayMs, reply } = decide(dsp, request, seededRandom(index).fork(dsp.id), 'http://127.0.0.1:9001');
        return reply !== null && delayMs < 25;
      });
      if (hasBid) filled++;
    }
    return filled / count;
  }

  it('fill nearly all generated traffic', () => {
    expect(fillOf((index) => generateRequest(traffic, index), 1_000)).toBeGreaterThan(0.99);
  });

  it.each(examples)('fill $name practically always', ({ text }) => {
    const request: BidRequest = JSON.parse(text);
    expect(fillOf(() => request, 300)).toBe(1);
  });
});
