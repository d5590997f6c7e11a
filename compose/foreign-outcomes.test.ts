import { expect, it } from 'vitest';
import type { Outcome } from '../engine/estimation/quality/awaited-outcomes.ts';
import { sortOutcomes } from './foreign-outcomes.ts';

const outcome = (auctionId: string): Outcome => ({ auctionId, impId: '1', type: 'click', atMs: 1 });

it('counts what is of its own here, and passes on the rest, some at a time and no more than fit', async () => {
  let tick = (): void => {};
  const here: string[] = [];
  const passedOn: (readonly Outcome[])[] = [];
  const take = sortOutcomes(
    {
      timers: {
        schedule: (_delayMs, run) => {
          tick = run;
          return null;
        },
        cancel: () => {},
      },
      closing: () => {},
    },
    {
      isOwn: (auctionId) => auctionId.startsWith('own-'),
      reportHere: (outcomes) => here.push(...outcomes.map(({ auctionId }) => auctionId)),
      passOn: (outcomes) => passedOn.push(outcomes),
    },
  );
  tick();
  await new Promise(setImmediate);
  take(outcome('own-1'));
  take(outcome('other-1'));
  take(outcome('other-2'));
  expect(here).toEqual(['own-1']);
  tick();
  await new Promise(setImmediate);
  expect(passedOn).toEqual([[outcome('other-1'), outcome('other-2')]]);
  for (let count = 0; count < 2000; count += 1) take(outcome('other'));
  take(outcome('too-many'));
  expect(here).toEqual(['own-1', 'too-many']);
});
