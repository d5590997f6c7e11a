import { expect, it } from 'vitest';
import type { DeadLetter } from '../engine/ports/event-books.ts';
import { EventSendError } from '../engine/ports/event-sender.ts';
import { deadLetterCopies } from './dead-letter-copies.ts';

const letter = (offset: number): DeadLetter => ({
  offset,
  type: 'win',
  reason: 'invalid',
  message: 'no sale',
  tries: 1,
  payload: new Uint8Array(),
});

function copiesTo(answer: (ids: readonly string[]) => EventSendError | null) {
  const taken: string[] = [];
  const refused: string[] = [];
  let underWay = 0;
  const sender = {
    send: async (events: readonly { readonly id: string }[]) => {
      expect(++underWay).toBe(1);
      await new Promise(setImmediate);
      underWay -= 1;
      const ids = events.map(({ id }) => id);
      const error = answer(ids);
      if (error !== null) throw error;
      taken.push(...ids);
    },
    close: async () => {},
  };
  return { copy: deadLetterCopies(sender, (id) => refused.push(id)), taken, refused };
}

it('leaves out the one that the broker takes in no case', async () => {
  const { copy, taken, refused } = copiesTo((ids) =>
    ids.includes('0:2') ? new EventSendError('refused', 'too large') : null,
  );
  await copy(0, [letter(1), letter(2), letter(3)]);
  expect([taken, refused]).toEqual([['0:1', '0:3'], ['0:2']]);
});

it('has one call under way at a time, and fails only whom it concerns', async () => {
  const { copy, taken } = copiesTo((ids) => (ids.includes('1:1') ? new EventSendError('unavailable', 'away') : null));
  const [first, second] = await Promise.allSettled([copy(1, [letter(1)]), copy(2, [letter(1)])]);
  expect([first.status, second.status, taken]).toEqual(['rejected', 'fulfilled', ['2:1']]);
});
