/**
 * A DSP that answers anything, beside a healthy one that bids little: the healthy one wins whenever the other's answer is
 * worth nothing, in time, and nothing else changes. What simulations need too is in the simulator's catalogue and in
 * test/faults; these are the oddities. Part numbers (F01 ...) are those of the fault list in the design.
 */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReplyResult } from '../engine/dsp/reply.ts';
import { mutate, mutations } from './support/answer-mutations.ts';
import {
  type BidParts,
  bidding,
  bidResponse,
  originOf,
  type Script,
  sendJson,
  sendText,
} from './support/scripted-dsp.ts';
import { adRequest, bannerImp, bidsOf, dspRecordOf, startTestGavel, type TestGavel } from './support/test-gavel.ts';

const HOSTILE_TIMEOUT_MS = 250;

type Hostility = readonly [name: string, result: ReplyResult, script: Script];

/** A body of JSON text, with the placeholder ID for the request's id. */
const text =
  (body: string): Script =>
  (request, response) =>
    sendText(response, body.replaceAll('"ID"', JSON.stringify(request.id)));
const bytes =
  (body: Buffer): Script =>
  (_request, response) =>
    sendText(response, body);
const status =
  (code: number, headers = {}): Script =>
  (request, response) => {
    response
      .writeHead(code, { 'content-type': 'application/json', ...headers })
      .end(JSON.stringify(bidResponse(request, { price: 9 })));
  };
/** Whatever it writes is what is on the wire. */
const raw =
  (write: (body: string) => string, end = true): Script =>
  (request, response) => {
    const body = JSON.stringify(bidResponse(request, { price: 9 }));
    response.socket!.write(write(body));
    if (end) response.socket!.end();
  };
const encoded =
  (encoding: string, encode: (body: Buffer) => Buffer): Script =>
  (request, response) => {
    const body = encode(Buffer.from(JSON.stringify(bidResponse(request, { price: 9 }))));
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': encoding }).end(body);
  };
/** The bid below with fields replaced; `undefined` removes one. */
const bid = (parts: object): Script => bidding({ price: 9, ...parts } as BidParts);
const response =
  (parts: object): Script =>
  (request, reply) =>
    sendJson(reply, { ...bidResponse(request, { price: 9 }), ...parts });
/** A whole number of JSON text in place of the price. */
const price = (literal: string): Script =>
  text(`{"id":"ID","seatbid":[{"bid":[{"id":"b","impid":"1","price":${literal},"adm":"<b>","crid":"c"}]}]}`);

function trickle(headers: Record<string, string>): Script {
  return (_request, reply) => {
    reply.writeHead(200, headers);
    const timer = setInterval(() => reply.write(' '), 10);
    reply.once('close', () => clearInterval(timer));
  };
}

const TRANSPORT: readonly Hostility[] = [
  ['F03 the same with a length', 'timeout', trickle({ 'content-length': '100000' })],
  ['F05 closes before answering', 'unreachable', (_request, reply) => reply.socket!.destroy()],
  ['F05 closes in the middle', 'unreachable', raw((body) => `HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n${body}`)],
  [
    'F05 breaks its chunks',
    'unreachable',
    raw((body) => `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n${body}`),
  ],
  [
    'F05 ends without a last chunk',
    'unreachable',
    raw((body) => `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n`),
  ],
  [
    'F05 never sends the last chunk',
    'timeout',
    raw(
      (body) => `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n`,
      false,
    ),
  ],
  ['F05 says a shorter length', 'invalid', raw((body) => `HTTP/1.1 200 OK\r\ncontent-length: 40\r\n\r\n${body}`)],
  ['speaks no HTTP', 'unreachable', raw(() => 'SSH-2.0-OpenSSH_9.6\r\n')],
  [
    'sends 200 KB of headers',
    'unreachable',
    raw((body) => `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(200_000)}\r\ncontent-length: ${body.length}\r\n\r\n${body}`),
  ],
  [
    'switches protocols',
    'unreachable',
    raw(() => 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
  ],
  [
    'answers twice, the second time for the next call',
    'no-bid',
    raw(
      (body) => `HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      false,
    ),
  ],
  ['F06 says gzip and is not', 'unreadable', encoded('gzip', (body) => body)],
  ['F06 cuts its gzip', 'unreadable', encoded('gzip', (body) => gzipSync(body).subarray(0, 60))],
  [
    'F09 redirects to itself',
    'http-error',
    (_request, reply) => reply.writeHead(302, { location: `${originOf(reply)}/bid` }).end(),
  ],
  ['F09 redirects permanently', 'http-error', status(308, { location: 'http://127.0.0.1:1/' })],
  ['bids with 201', 'http-error', status(201)],
  ['bids with 206', 'http-error', status(206)],
  ['bids with 400', 'http-error', status(400)],
  ['bids with 500', 'http-error', status(500)],
  ['bids with 503', 'http-error', status(503, { 'retry-after': '1' })],
];

const BODIES: readonly Hostility[] = [
  ['F07 cut JSON', 'invalid', text('{"id":"ID","seatbid":[{"bid":[{"id":"b","impid":"1","price":9,"ad')],
  ['F07 two documents', 'invalid', text('{"id":"ID","seatbid":[]}{"id":"ID","seatbid":[]}')],
  ['F07 a string', 'invalid', text('"no bid"')],
  ['F07 null', 'invalid', text('null')],
  ['F07 an array', 'invalid', text('[{"id":"ID","seatbid":[]}]')],
  [
    'F07 400 KB of open objects in a bid',
    'invalid',
    text(`{"id":"ID","seatbid":[{"bid":[{"id":"b","ext":${'{"a":'.repeat(80_000)}`),
  ],
  ['F07 lone continuation bytes', 'invalid', bytes(Buffer.from([0x7b, 0x22, 0x80, 0x22, 0x3a, 0x31, 0x7d]))],
  ['F07 UTF-16', 'invalid', bytes(Buffer.from('{"seatbid":[]}', 'utf16le'))],
  ['F07 NUL', 'invalid', bytes(Buffer.alloc(1000))],
  ['a trailing comma', 'invalid', text('{"id":"ID","seatbid":[],}')],
  ['a comment', 'invalid', text('{"id":"ID" /* ours */,"seatbid":[]}')],
  ['single quotes', 'invalid', text("{'id':'x'}")],
  ['JSONP', 'invalid', text('callback({"id":"ID","seatbid":[]})')],
  ['10,000 bids', 'invalid', response({ seatbid: [{ bid: Array(10_000).fill({}) }] })],
  ['seatbid as an object', 'invalid', response({ seatbid: { bid: [] } })],
  ['seatbid as a string', 'invalid', response({ seatbid: 'none' })],
  ["another auction's id", 'invalid', response({ id: 'another' })],
  ['no answer at all', 'no-bid', text('')],
  ['spaces', 'no-bid', text(' \r\n\t ')],
  ['seatbid of numbers', 'no-bid', response({ seatbid: [1, 2, null, 'x', []] })],
  ['bid as an object', 'no-bid', response({ seatbid: [{ bid: { id: 'b', impid: '1', price: 9, adm: '<b>' } }] })],
  ['bids of numbers', 'no-bid', response({ seatbid: [{ bid: [1, null, 'x', []] }] })],
  [
    'all in __proto__',
    'no-bid',
    text('{"__proto__":{"id":"ID","polluted":1,"seatbid":[{"bid":[{"id":"b","impid":"1","price":9,"adm":"<b>"}]}]}}'),
  ],
  [
    'a bid in __proto__',
    'no-bid',
    text('{"id":"ID","seatbid":[{"bid":[{"__proto__":{"id":"b","impid":"1","price":9,"adm":"<b>","polluted":1}}]}]}'),
  ],
  ['a constructor', 'no-bid', text('{"id":"ID","constructor":{"prototype":{"polluted":1}},"seatbid":[{"bid":[]}]}')],
];

const BIDS: readonly Hostility[] = [
  ['ids of 200 KB', 'no-bid', bid({ id: 'b'.repeat(200_000), adid: 'a'.repeat(200_000) })],
  ['F08 price -1e999', 'no-bid', price('-1e999')],
  ['F08 price 0', 'no-bid', price('0')],
  ['F08 price -0', 'no-bid', price('-0')],
  ['price 5e-324', 'bid', price('5e-324')],
  ['price 1e300', 'bid', price('1e300')],
  ['price 9007199254740993', 'bid', price('9007199254740993')],
  ['price NaN', 'invalid', price('NaN')],
  ['price Infinity', 'invalid', price('Infinity')],
  ['price 0x10', 'invalid', price('0x10')],
  ['price 09', 'invalid', price('09')],
  ['price +9', 'invalid', price('+9')],
  ['F08 price as text that is no decimal', 'no-bid', price('"9 USD"')],
  ['price as text in exponents', 'no-bid', price('"1e3"')],
  ['price as text, empty', 'no-bid', price('""')],
  ['price null', 'no-bid', price('null')],
  ['price true', 'no-bid', price('true')],
  ['price in a list', 'no-bid', price('[9]')],
  ['price as an object', 'no-bid', price('{"valueOf":9}')],
  ['no price', 'no-bid', bid({ price: undefined })],
  ['impid of a prototype', 'bid', bid({ impid: '__proto__' })],
  ['no impid', 'no-bid', bid({ impid: undefined })],
  ['impid as an object', 'no-bid', bid({ impid: { toString: '1' } })],
  ['no id', 'no-bid', bid({ id: undefined })],
  ['an empty id', 'no-bid', bid({ id: '' })],
  ['F08 a currency without rate', 'bid', response({ cur: 'EUR' })],
  ['a currency of a prototype', 'bid', response({ cur: 'constructor' })],
  ['no markup', 'no-bid', bid({ adm: undefined })],
  ['empty markup', 'no-bid', bid({ adm: '' })],
  ['an unknown mtype', 'no-bid', bid({ mtype: 9 })],
  ['an mtype that was not offered', 'bid', bid({ mtype: 2 })],
  ['VAST for a banner', 'bid', bid({ adm: '<VAST version="4.0"></VAST>' })],
  ['a size that was not offered', 'bid', bid({ w: 1, h: 1 })],
  ['a deal that was not offered', 'bid', bid({ dealid: 'secret' })],
  [
    'a group with half of it missing',
    'bid',
    bidding(
      [
        { id: 'a', price: 9 },
        { id: 'b', price: 9, impid: 'nobody' },
      ],
      { group: 1 },
    ),
  ],
  [
    'markup behind a URL that may not be called',
    'bid',
    bid({ adm: undefined, nurl: 'http://169.254.169.254/latest/meta-data' }),
  ],
  ['markup behind no URL', 'bid', bid({ adm: undefined, nurl: 'javascript:alert(1)' })],
];

/** Odd, and worth its price all the same. */
const TOLERATED: readonly (readonly [name: string, script: Script])[] = [
  [
    'a byte order mark',
    (request, reply) => sendText(reply, `\ufeff${JSON.stringify(bidResponse(request, { price: 9 }))}`),
  ],
  [
    'text/html as its type',
    (request, reply) =>
      reply.writeHead(200, { 'content-type': 'text/html' }).end(JSON.stringify(bidResponse(request, { price: 9 }))),
  ],
  ['HTTP/1.0 and the end of the connection', raw((body) => `HTTP/1.0 200 OK\r\n\r\n${body}`)],
  [
    'early hints before its answer',
    raw(
      (body) =>
        `HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    ),
  ],
  ['gzip', encoded('gzip', gzipSync)],
  [
    'lone surrogates',
    text(
      '{"id":"ID","seatbid":[{"bid":[{"id":"b\\ud800","impid":"1","price":9,"adm":"<b>\\udfff</b>","crid":"\\ud83d"}]}]}',
    ),
  ],
  [
    'keys of the prototype',
    text(
      '{"id":"ID","__proto__":{"polluted":1},"seatbid":[{"__proto__":{"polluted":1},"bid":[{"id":"b","impid":"1","price":9,"adm":"<b>","crid":"c","ext":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}}]}]}',
    ),
  ],
  [
    'the same key twice',
    text(
      '{"id":"x","id":"ID","seatbid":[],"seatbid":[{"bid":[{"id":"b","impid":"1","price":1,"price":9,"adm":"<b>","crid":"c"}]}]}',
    ),
  ],
  [
    'the same bid twice',
    bidding([
      { id: 'b', price: 9 },
      { id: 'b', price: 9 },
    ]),
  ],
  ['ids of 500 characters', bid({ id: 'b'.repeat(500), crid: 'c'.repeat(500), adid: 'a'.repeat(500) })],
  [
    'line ends in ids and URLs',
    bid({ id: 'b\r\nx: y', crid: 'c\r\n\r\n', nurl: 'http://127.0.0.1/\r\nx-injected: 1' }),
  ],
  [
    'macros in its values',
    bidding({ price: 9, adid: '${AUCTION_PRICE}', adm: '<b>${AUCTION_AD_ID}</b>' }, { seat: '${AUCTION_ID}' }),
  ],
  ['price as a plain decimal in text', price('"9.00"')],
  ['no response id', response({ id: undefined })],
];

const ALL = [...TRANSPORT, ...BODIES, ...BIDS];

describe('a hostile DSP', () => {
  let gavel: TestGavel;
  let current: Script = () => {};
  beforeAll(async () => {
    gavel = await startTestGavel({
      dsps: {
        hostile: {
          bid: (request, reply) => current(request, reply),
          config: { timeoutMs: HOSTILE_TIMEOUT_MS },
        },
        healthy: bidding({ price: 0.05 }),
      },
      // Every case must reach the DSP, whatever the last ones did.
      config: { 'protection.enabled': false },
    });
  });
  afterAll(() => gavel.close());

  it.each(ALL.map(([name, result, script], index) => ({ name, result, script, index })))(
    '$name: $result, and the healthy DSP wins',
    async ({ result, script, index }) => {
      current = script;
      const requestId = `refused-${index}`;
      const answer = await gavel.post(adRequest(requestId));
      expect(answer).toMatchObject({ status: 200, body: { id: requestId, seatbid: [{ seat: 'healthy' }] } });
      expect(bidsOf(answer)).toHaveLength(1);
      const event = await gavel.eventOf(requestId);
      expect(dspRecordOf(event, 'hostile').result).toBe(result);
      expect(event.timings.answeredAtMs).toBeLessThan(HOSTILE_TIMEOUT_MS + 250);
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    },
  );

  it.each(TOLERATED.map(([name, script], index) => ({ name, script, index })))(
    '$name does no harm',
    async ({ script, index }) => {
      current = script;
      const requestId = `tolerated-${index}`;
      const answer = await gavel.post(adRequest(requestId));
      const won = bidsOf(answer);
      expect(won).toMatchObject([{ impid: '1', price: 0.06 }]);
      expect(won[0]!.adm).not.toContain('0.06');
      expect(dspRecordOf(await gavel.eventOf(requestId), 'hostile').result).toBe('bid');
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    },
  );

  it('whose answer was mutated at random wins with honest prices only', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(mutations, async (applied) => {
        current = (request, reply) => {
          const honest = bidResponse(
            request,
            [
              { price: 9, dealid: 'none', nurl: 'x', cat: ['IAB1'] },
              { id: 'c', price: 8 },
            ],
            { seat: 's', cur: 'USD' },
          );
          sendText(reply, mutate(Buffer.from(JSON.stringify(honest)), applied));
        };
        const answer = await gavel.post(adRequest('mutated', { imp: [bannerImp('1', { bidfloor: 0.05 })] }));
        expect(answer.status).toBe(200);
        const won = bidsOf(answer);
        expect(won).toHaveLength(1);
        expect(won[0]!.impid).toBe('1');
        expect(Number.isFinite(won[0]!.price) && won[0]!.price >= 0.05 && won[0]!.price <= 1000).toBe(true);
        expect(({} as Record<string, unknown>).polluted).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });
});

describe('all of them at once', () => {
  it('do not keep the healthy DSP from winning in time', async () => {
    const hostile = ALL.map(([name, , bidScript], index) => [`hostile-${index}`, name, bidScript] as const);
    const gavel = await startTestGavel({
      dsps: {
        ...Object.fromEntries(
          hostile.map(([id, , bidScript]) => [id, { bid: bidScript, config: { timeoutMs: HOSTILE_TIMEOUT_MS } }]),
        ),
        healthy: bidding({ price: 0.05 }),
      },
    });
    try {
      for (const requestId of ['first', 'second', 'third']) {
        const answer = await gavel.post(adRequest(requestId));
        expect(answer.body.seatbid).toMatchObject([{ seat: 'healthy' }]);
        const { timings } = await gavel.eventOf(requestId);
        expect(timings.answeredAtMs).toBeLessThan(HOSTILE_TIMEOUT_MS + 1000);
      }
    } finally {
      await gavel.close();
    }
  });
});
