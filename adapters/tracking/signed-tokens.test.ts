import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TokenContent, TokenReading } from '../../engine/ports/token-signer.ts';
import { createSignedTokens, TOKEN_LENGTH_MAX } from './signed-tokens.ts';

const KEY = 'a-key-of-many-characters';
const OLD_KEY = 'an-older-key-that-goes';
const NOW_MS = 1_700_000_000_000;
const HOUR_MS = 3_600_000;

const CONTENT: TokenContent = { code: 2, body: '["auction-1","1","é",1500000]' };
const tokens = createSignedTokens({ current: KEY, previous: null });
const isValid = ({ kind }: TokenReading): boolean => kind === 'valid';

it('what is signed comes back as it was', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 255 }), fc.string({ unit: 'grapheme' }), (code, body) => {
      const token = tokens.sign({ code, body }, NOW_MS + HOUR_MS);
      expect(token).toMatch(/^[A-Za-z0-9_-]+$/);
      expect(tokens.read(token, NOW_MS)).toEqual({ kind: 'valid', content: { code, body } });
    }),
  );
});

it('no single flipped bit is accepted, of 10,000 and more', () => {
  let flips = 0;
  while (flips < 10_000) {
    const token = tokens.sign({ ...CONTENT, body: `${CONTENT.body}${flips}` }, NOW_MS + HOUR_MS);
    const characters = Buffer.from(token, 'latin1');
    for (let bit = 0; bit < characters.length * 8; bit++, flips++) {
      characters[bit >> 3]! ^= 1 << (bit & 7);
      expect(isValid(tokens.read(characters.toString('latin1'), NOW_MS))).toBe(false);
      characters[bit >> 3]! ^= 1 << (bit & 7);
    }
    const bytes = Buffer.from(token, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++, flips++) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      expect(isValid(tokens.read(bytes.toString('base64url'), NOW_MS))).toBe(false);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
    expect(isValid(tokens.read(characters.toString('latin1'), NOW_MS))).toBe(true);
  }
});

it('no other text of the same bytes is accepted, and nothing that is no token', () => {
  const token = tokens.sign(CONTENT, NOW_MS + HOUR_MS);
  const bytes = Buffer.from(token, 'base64url');
  const others = [bytes.toString('base64'), `${token}=`, `${token}\n`, ` ${token}`, `${token}${token}`, token.slice(1)];
  for (const other of [...others, '', 'A', 'A'.repeat(44), 'A'.repeat(TOKEN_LENGTH_MAX + 1)]) {
    if (other !== token) expect(isValid(tokens.read(other, NOW_MS)), other.slice(0, 60)).toBe(false);
  }
});

it('parts of two tokens make none', () => {
  const [one, two] = [CONTENT, { ...CONTENT, code: 3 }].map((content) =>
    Buffer.from(tokens.sign(content, NOW_MS + HOUR_MS), 'base64url'),
  );
  for (let cut = 1; cut < one!.length; cut++) {
    const mixed = Buffer.concat([one!.subarray(0, cut), two!.subarray(cut)]);
    if (!mixed.equals(one!) && !mixed.equals(two!)) {
      expect(isValid(tokens.read(mixed.toString('base64url'), NOW_MS))).toBe(false);
    }
  }
});

it('two of the same content differ', () => {
  const signed = new Set(Array.from({ length: 2000 }, () => tokens.sign(CONTENT, NOW_MS)));
  expect(signed.size).toBe(2000);
});

it('expires at its second, and still says what it was', () => {
  const token = tokens.sign(CONTENT, NOW_MS + 1500);
  expect(tokens.read(token, NOW_MS + 1999)).toEqual({ kind: 'valid', content: CONTENT });
  expect(tokens.read(token, NOW_MS + 2000)).toEqual({ kind: 'refused', reason: 'expired', content: CONTENT });
});

describe('when the key changes', () => {
  const untilMs = NOW_MS + HOUR_MS;
  const after = createSignedTokens({ current: KEY, previous: { key: OLD_KEY, untilMs } });
  const old = createSignedTokens({ current: OLD_KEY, previous: null }).sign(CONTENT, NOW_MS + 10 * HOUR_MS);

  it('what the old one has signed counts until its end, exactly', () => {
    expect(isValid(after.read(old, untilMs - 1))).toBe(true);
    expect(after.read(old, untilMs)).toEqual({ kind: 'refused', reason: 'retired-key', content: null });
    expect(tokens.read(old, NOW_MS)).toEqual({ kind: 'refused', reason: 'forged', content: null });
  });

  it('the new one signs', () => {
    expect(isValid(tokens.read(after.sign(CONTENT, untilMs), NOW_MS))).toBe(true);
  });
});

it('tells two live keys of the same id apart', () => {
  const [current, previous] = ['a-signing-key-19840', 'a-signing-key-6186'];
  const before = createSignedTokens({ current: previous!, previous: null }).sign(CONTENT, NOW_MS + HOUR_MS);
  const changed = createSignedTokens({ current: current!, previous: { key: previous!, untilMs: NOW_MS + HOUR_MS } });
  expect(isValid(changed.read(before, NOW_MS))).toBe(true);
  expect(isValid(changed.read(changed.sign(CONTENT, NOW_MS + HOUR_MS), NOW_MS))).toBe(true);
  expect(changed.read(before, NOW_MS + HOUR_MS)).toMatchObject({ kind: 'refused', reason: 'retired-key' });
});
