import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adImpId } from '../ads/ad-names.ts';
import { isStorable } from '../campaign/storable.ts';
import { purchaseKey } from '../exchange/purchases.ts';
import { eventId } from './event-keys.ts';

const imps = (...given: readonly [id: string, positions: number][]) =>
  given.map(([id, positions]) => ({ id, slotWeights: new Array(positions).fill(1) }));

describe('the name of an ad', () => {
  it('is the id of its imp, with the position behind it from the second on', () => {
    const two = imps(['1', 2], ['x#1', 1], ['a/b', 1], ['é😀', 1]);
    expect(adImpId({ impId: '1', position: 0 }, two)).toBe('1');
    expect(adImpId({ impId: '1', position: 1 }, two)).toBe('1#1');
    for (const impId of ['x#1', 'a/b', 'é😀']) expect(adImpId({ impId, position: 0 }, two)).toBe(impId);
  });

  it('of an imp that is called as a position of another says that it is in the first of its own', () => {
    const both = imps(['1', 2], ['1#1', 2], ['1#2', 1], ['1#0', 1]);
    expect(adImpId({ impId: '1#1', position: 0 }, both)).toBe('1#1#0');
    expect(adImpId({ impId: '1#1', position: 1 }, both)).toBe('1#1#1');
    expect(adImpId({ impId: '1#2', position: 0 }, both)).toBe('1#2');
    expect(adImpId({ impId: '1#0', position: 0 }, both)).toBe('1#0#0');
  });

  it('can be kept by any database', () => {
    expect(adImpId({ impId: 'a\0\ud800b', position: 0 }, imps(['a\0\ud800b', 1]))).toBe('a\ufffd0000\ufffdd800b');
    expect(adImpId({ impId: '\ufffdd800', position: 0 }, imps(['\ufffdd800', 1]))).toBe('\ufffdfffdd800');
  });
});

const parts = (values: readonly string[], maxLength: number) =>
  fc.array(fc.constantFrom(...values), { minLength: 1, maxLength }).map((some) => some.join(''));
/** Made of what names and keys are made of, so that they meet as often as they can. */
const hostileId = fc.oneof(
  parts(['1', '#0', '#1', '#2'], 3),
  parts(['1', '/', '/click', '#', '\0', '\ud800', '\ufffd', 'd800', '0000', 'é😀'], 4),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 2000 }),
);

describe('keys', () => {
  it('are apart for any two ads of an auction, any types and details, and survive a database', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.record({ id: hostileId, positions: fc.integer({ min: 1, max: 4 }) }), {
          minLength: 1,
          maxLength: 5,
          selector: ({ id }) => id,
        }),
        (given) => {
          const all = given.map(({ id, positions }) => ({ id, slotWeights: new Array<number>(positions).fill(1) }));
          const keys = all.flatMap(({ id, slotWeights }) =>
            slotWeights.flatMap((_, position) => {
              const name = adImpId({ impId: id, position }, all);
              const types = ['win', 'impression', 'click'];
              expect(purchaseKey('auction-1', name, 'click')).toBe(eventId('auction-1', name, 'click'));
              return [
                ...types.map((type) => eventId('auction-1', name, type)),
                eventId('auction-1', name, 'playback', 'start'),
              ];
            }),
          );
          // As bytes: what a database or another reader tells apart.
          expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(keys.length);
          expect(keys.every(isStorable)).toBe(true);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
