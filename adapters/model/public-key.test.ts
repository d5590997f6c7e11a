import { expect, it } from 'vitest';
import { readPublicKey } from './public-key.ts';
import { TRAINER_KEY, trainer } from './testing/build-bundle.ts';

it('is the key whose 32 bytes were given', () => {
  expect(readPublicKey(TRAINER_KEY).equals(trainer.publicKey)).toBe(true);
});

it.each(['', 'AAAA', `${TRAINER_KEY.slice(0, -1)}AAA=`])('%j is no key', (text) => {
  expect(() => readPublicKey(text)).toThrow(TypeError);
});
