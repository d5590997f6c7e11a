import { expect, it } from 'vitest';
import { PacingBoard } from './pacing-board.ts';

it('a campaign takes no part before its first signal and after its removal, and slots are used again', () => {
  const board = new PacingBoard();
  const slot = board.add('a');
  expect(board.takesPart(slot, 0)).toBe(false);
  board.publish(slot, { throttle: 0.5, multiplier: 0.8 });
  expect(board.takesPart(slot, 0.49)).toBe(true);
  expect(board.takesPart(slot, 0.5)).toBe(false);
  expect(board.multiplier[slot]).toBe(0.8);
  board.remove('a');
  expect(board.takesPart(slot, 0)).toBe(false);
  expect(board.add('b')).toBe(slot);
});

it('grows and keeps what is published, each campaign in a slot of its own', () => {
  const board = new PacingBoard();
  const slots = Array.from({ length: 500 }, (_, index) => board.add(`campaign-${index}`));
  expect(new Set(slots).size).toBe(500);
  board.publish(slots[3]!, { throttle: 0.25, multiplier: 1 });
  for (let index = 500; index < 2000; index++) board.add(`campaign-${index}`);
  board.remove('campaign-7');
  expect(board.add('late')).toBe(slots[7]);
  expect(board.throttle[slots[3]!]).toBe(0.25);
});
