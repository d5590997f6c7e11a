import { expect, it } from 'vitest';
import { withoutAnyUserKey, withoutUserKeys } from './without-user-key.ts';

const ANN = 'AnnAnnAnnAnnAnnAnnAnn_';
const BOB = 'BobBobBobBobBobBobBob-';
const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value));

it('an event is as long as before, and the same but for its user', () => {
  const event = { type: 'win', userKey: ANN, auctionId: 'ä"\\', sale: { amount: 5 } };
  const bytes = bytesOf(event);
  const { length } = bytes;
  expect(withoutUserKeys(bytes, [Buffer.from(BOB)])).toBe(0);
  expect(bytes).toEqual(bytesOf(event));
  expect(withoutUserKeys(bytes, [Buffer.from(BOB), Buffer.from(ANN)])).toBe(1);
  expect(bytes.length).toBe(length);
  expect(JSON.parse(bytes.toString())).toEqual({ ...event, userKey: null });
});

it('a key within another text becomes zeros', () => {
  const bytes = bytesOf({ url: `https://x/?u=${ANN}&v=${ANN}`, userKey: BOB });
  expect(withoutUserKeys(bytes, [Buffer.from(ANN)])).toBe(2);
  const zeros = '0'.repeat(ANN.length);
  expect(JSON.parse(bytes.toString())).toEqual({ url: `https://x/?u=${zeros}&v=${zeros}`, userKey: BOB });
});

it('for what is kept apart, whoever it is', () => {
  for (const [given, wanted] of [
    [
      { userKey: ANN, next: { userKey: BOB } },
      { userKey: null, next: { userKey: null } },
    ],
    [{ userKey: null }, { userKey: null }],
    [{ userKey: 'a' }, { userKey: null }],
    [{}, {}],
  ] as const) {
    const bytes = bytesOf(given);
    withoutAnyUserKey(bytes);
    // One of a single character is too short for `null`: nothing that an engine writes.
    if (!('userKey' in given) || given.userKey !== 'a') expect(JSON.parse(bytes.toString())).toEqual(wanted);
    else expect(bytes.toString()).not.toContain('"a"');
  }
  const cut = Buffer.from('{"type":"win","userKey":"Ann');
  withoutAnyUserKey(cut);
  expect(cut.toString()).not.toContain('Ann');
});
