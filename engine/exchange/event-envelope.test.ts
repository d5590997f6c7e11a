import fc from 'fast-check';
import { expect, it } from 'vitest';
import { envelopeOf } from './event-envelope.ts';

function of(event: object | string) {
  return envelopeOf(Buffer.from(typeof event === 'string' ? event : JSON.stringify(event)));
}

it('has type and key of an event, and the auction for a key where no user is known', () => {
  expect(of({ type: 'click', version: 1, auctionId: 'a1', userKey: 'u1', atMs: 1.5 })).toEqual({
    type: 'click',
    key: 'u1',
  });
  expect(
    of({ type: 'auction', version: 2, auctionId: 'a1', isTest: false, userKey: null, features: { userKey: 'no' } }),
  ).toEqual({
    type: 'auction',
    key: 'a1',
  });
  expect(of({ type: 'notice', at: null })).toEqual({ type: 'notice', key: null });
});

it('reads the head alone, and what is no event as unknown', () => {
  expect(of({ type: 'win', list: [], userKey: 'late' })).toEqual({ type: 'win', key: null });
  for (const text of ['', '{}', '[]', 'nonsense', '{"type":', '{"type":1}']) {
    expect(of(text)).toEqual({ type: 'unknown', key: null });
  }
});

it('finds the user behind ids as long as strangers may make them', () => {
  for (const impId of ['i'.repeat(512), '\u0001'.repeat(512), '€'.repeat(512)]) {
    const event = { type: 'click', version: 1, id: `a/${impId}/click`, auctionId: 'a', impId, userKey: 'u', sale: {} };
    expect(of(event)).toEqual({ type: 'click', key: 'u' });
  }
  expect(of({ type: 'x', long: 'l'.repeat(10_000), userKey: 'u' })).toEqual({ type: 'x', key: null });
});

it('never throws, whatever the bytes are', () => {
  expect(of('{"type":"a\\x","userKey":"b"}')).toEqual({ type: 'a\\x', key: 'b' });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(40), (noise, at) => {
      const event = Buffer.from('{"type":"win","auctionId":"a","userKey":"k\\u0041"}');
      event.set(noise.subarray(0, event.length - at), at);
      expect(() => envelopeOf(event)).not.toThrow();
    }),
  );
});

it('reads any string as JSON does', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 100 }), fc.string({ unit: 'binary', maxLength: 50 }), (key, auctionId) => {
      expect(of({ type: 'win', other: auctionId, userKey: key })).toEqual({ type: 'win', key });
    }),
  );
});
