import { expect, it } from 'vitest';
import type { BidRequest } from '../../../openrtb/types.ts';
import { userIdOf } from './user-id.ts';

const request = (parts: Partial<BidRequest>): BidRequest => ({ id: 'r', imp: [], ...parts });

it('is the advertising id, in any case the same in every app', () => {
  const ifa = '38400000-8CF0-11BD-B23E-10B96E40000D';
  expect(userIdOf(request({ device: { ifa }, user: { id: '7' }, app: { publisher: { id: 'p' } } }))).toBe(
    userIdOf(request({ device: { ifa: ifa.toLowerCase() } })),
  );
});

it.each(['00000000-0000-0000-0000-000000000000', ''])('is not %j, which all who withhold theirs share', (ifa) => {
  expect(userIdOf(request({ device: { ifa } }))).toBeNull();
});

it("is a publisher's own id at that publisher alone", () => {
  const at = (publisherId: string, id: string) =>
    userIdOf(request({ user: { id }, site: { publisher: { id: publisherId } } }));
  expect(at('p1', '7')).toBe(at('p1', '7'));
  expect(new Set([at('p1', '7'), at('p2', '7'), at('p1', '8'), at('p1","7', '')]).size).toBe(4);
});

it('is none when nobody says', () => {
  expect(userIdOf(request({ user: {}, device: {} }))).toBeNull();
});
