import { expect, it } from 'vitest';
import { withoutLoneSurrogates } from './raw-files.ts';

it.each([
  ['a', 'a'],
  ['\ud800', '\ufffdd800'],
  ['x\udfffy\ud83d', 'x\ufffddfffy\ufffdd83d'],
  ['😀', '😀'],
  // No escape, but what one looks like.
  ['\\ud800', '\\ud800'],
  ['\\\ud800', '\\\ufffdd800'],
])('%j is archived as %j', (text, archived) => {
  expect(JSON.parse(withoutLoneSurrogates(JSON.stringify({ id: text })))).toEqual({ id: archived });
});
