import { expect, it } from 'vitest';
import { fittingText } from './fitting-text.ts';

it('keeps what fits, and cuts what does not by how wide it is', () => {
  expect(fittingText('dsp-01', 100)).toBe('dsp-01');
  expect(fittingText('i'.repeat(40), 100)).toBe(`${'i'.repeat(15)}…`);
  expect(fittingText('W'.repeat(40), 100)).toBe(`${'W'.repeat(6)}…`);
});

it('cuts between signs, not within them, and neutralises', () => {
  expect(fittingText('😀😀😀', 52)).toBe('😀😀…');
  expect(fittingText('a\u202eb', 100)).toBe('a\ufffdb');
});
