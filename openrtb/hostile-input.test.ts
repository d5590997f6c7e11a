/** Whatever the bytes are, the readers return; and no key of a message ever reaches a prototype. */
import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { toVersion25 } from './downgrade.ts';
import { createRequestReader } from './read-request.ts';
import { createResponseReader } from './read-response.ts';

const readRequest = createRequestReader({ generateRequestId: () => 'made' });
const readResponse = createResponseReader();
const context = { requestId: 'r1' };

const asset = { id: 1, title: { len: 5 } };
const request = {
  id: 'r1',
  imp: [
    {
      id: '1',
      banner: { w: 300, h: 250, format: [{ w: 300, h: 250 }], battr: [1] },
      video: { mimes: ['video/mp4'], durfloors: [{ mindur: 1, bidfloor: 1 }], companionad: [{ w: 1, h: 1 }] },
      native: { request: JSON.stringify({ assets: [asset] }) },
      pmp: { private_auction: 1, deals: [{ id: 'd', bidfloor: 1, wseat: ['s'] }] },
      bidfloor: 1,
      ext: { prebid: { is_rewarded_inventory: 1 } },
    },
  ],
  site: { id: 's', content: { data: [{ segment: [{ id: '1' }] }] }, publisher: { id: 'p' } },
  device: { geo: { lat: 1, lon: 2, country: 'DEU' }, sua: { browsers: [{ brand: 'b', version: ['1'] }] } },
  user: { ext: { consent: 'C', eids: [{ source: 'a', uids: [{ id: 'u' }] }] } },
  regs: { ext: { gdpr: 1 } },
  ext: { schain: { complete: 1, ver: '1.0', nodes: [{ asi: 'a', sid: '1' }] } },
  cur: ['USD'],
};
const response = {
  id: 'r1',
  cur: 'USD',
  seatbid: [
    {
      seat: 's',
      group: 0,
      bid: [{ id: 'b', impid: '1', price: 1, adm: '{"native":{"assets":[]}}', adomain: ['a.example'], ext: {} }],
    },
  ],
};

const odd = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom<unknown>(
    null,
    '',
    0,
    -1,
    1e300,
    2 ** 60,
    true,
    [],
    {},
    [[]],
    [null],
    '1',
    '1.5',
    '9'.repeat(400),
    '\ud800',
  ),
  fc.string().map((text) => `{"${text}`),
);

/** A copy of the message in which the value at the `step`-th place (in walking order) is `replacement`. */
function replaceAt(message: unknown, step: number, replacement: unknown): unknown {
  let place = 0;
  const walk = (value: unknown): unknown => {
    if (place++ === step) return replacement;
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, walk(inner)]));
  };
  return walk(message);
}

/** The JSON text with its `step`-th key renamed. */
function renameKey(text: string, step: number, name: string): string {
  let place = 0;
  return text.replace(/"(\w+)":/g, (whole) => (place++ === step ? `"${name}":` : whole));
}

const count = (text: string) => text.split('":').length;

describe('never throw', () => {
  it('the request reader, and the way back to 2.5', () => {
    fc.assert(
      fc.property(fc.nat(90), odd, fc.constantFrom('strict', 'default', 'lenient'), (step, value, strictness) => {
        const body = Buffer.from(JSON.stringify(replaceAt(request, step, value) ?? null));
        const reading = readRequest(body, { strictness });
        if (reading.kind === 'ok') {
          expect(reading.request.imp.length).toBeGreaterThan(0);
          toVersion25(reading.request);
          // What was mended once needs no mending again.
          const again = readRequest(Buffer.from(JSON.stringify(reading.request)), { strictness: 'lenient' });
          expect(again).toMatchObject({ kind: 'ok', request: reading.request });
        } else expect(reading.diagnostic.severity).toBe('reject');
      }),
      { numRuns: 2000 },
    );
  });

  it('the response reader', () => {
    fc.assert(
      fc.property(fc.nat(20), odd, fc.constantFrom('strict', 'default', 'lenient'), (step, value, strictness) => {
        const body = Buffer.from(JSON.stringify(replaceAt(response, step, value) ?? null));
        const reading = readResponse(body, { ...context, strictness });
        if (reading.kind !== 'bids') return;
        for (const { bids } of reading.response.seatbids) {
          for (const bid of bids)
            expect([typeof bid.id, Number.isFinite(bid.price), bid.price > 0]).toEqual(['string', true, true]);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('both readers, on any bytes', () => {
    const [requestText, responseText] = [JSON.stringify(request), JSON.stringify(response)];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(700), (noise, position) => {
        for (const text of [requestText, responseText]) {
          const body = Buffer.from(text);
          body.set(noise.subarray(0, body.length - (position % body.length)), position % body.length);
          for (const bytes of [body, noise, body.subarray(0, position)]) {
            readRequest(bytes);
            readResponse(bytes, context);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('prototype keys are plain data', () => {
  afterEach(() => {
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'])('%s in place of any key', (name) => {
    for (const [message, read] of [
      [JSON.stringify(request), (body: Buffer) => readRequest(body)],
      [JSON.stringify(response), (body: Buffer) => readResponse(body, context)],
    ] as const) {
      for (let step = 0; step < count(message); step++) {
        for (const value of ['', '{"polluted":1},"x":']) {
          const text = renameKey(message, step, name).replace(`"${name}":`, `"${name}":${value}`);
          const reading = read(Buffer.from(text));
          if (reading.kind === 'ok') toVersion25(reading.request);
          expect((reading as unknown as Record<string, unknown>).polluted).toBeUndefined();
        }
      }
    }
  });

  it('and stay in ext as they came', () => {
    const ext = '{"__proto__":{"polluted":1},"prebid":{"is_rewarded_inventory":1,"__proto__":{"polluted":1}}}';
    const body = `{"id":"r1","site":{},"imp":[{"id":"1","banner":{"w":1,"h":1},"ext":${ext}}]}`;
    const reading = readRequest(Buffer.from(body));
    if (reading.kind !== 'ok') throw new Error(reading.diagnostic.code);
    const [imp] = reading.request.imp;
    expect(Object.getPrototypeOf(imp!.ext)).toBe(Object.prototype);
    expect(JSON.stringify(imp!.ext)).toBe('{"__proto__":{"polluted":1},"prebid":{"__proto__":{"polluted":1}}}');
    expect(JSON.stringify(toVersion25(reading.request).imp[0]!.ext)).toBe(
      '{"__proto__":{"polluted":1},"prebid":{"__proto__":{"polluted":1},"is_rewarded_inventory":1}}',
    );
  });
});

describe('thousands of oversized numbers', () => {
  const numbers = Array.from({ length: 400 }, () => '12345678901234567890').join(',');
  const readImps = (count: number) => {
    const imps = Array.from(
      { length: count },
      (_, i) => `{"id":"${i}","banner":{"w":1,"h":1},"iframebuster":[${numbers}]}`,
    );
    const body = Buffer.from(`{"id":"r1","site":{},"imp":[${imps.join(',')}]}`);
    const startNs = process.hrtime.bigint();
    const reading = readRequest(body);
    expect(Number(process.hrtime.bigint() - startNs) / 1e6).toBeLessThan(250);
    if (reading.kind !== 'ok') throw new Error(reading.diagnostic.code);
    return reading.request.imp;
  };

  it('are read in one message without parsing it for each', () => {
    expect(readImps(7)[6]!.iframebuster?.[399]).toBe('12345678901234567890');
  });

  it('are left out of a message too long to be parsed again', () => {
    expect(readImps(12)[11]!.iframebuster).toEqual([]);
  });
});
