import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Notice } from '../../engine/ports/notice-sender.ts';
import { NoticeQueue, type QueuedNotice } from './notice-queue.ts';

const notice = (kind: Notice['kind'], dspId: string, url = `${kind}-${dspId}`): Notice => ({
  kind,
  dspId,
  about: null,
  url,
});

function queueWith(limits: { total?: number; perDsp?: number; inFlight?: number }) {
  const dropped: string[] = [];
  const queue = new NoticeQueue(
    {
      queueLengthMax: limits.total ?? 100,
      queueLengthPerDspMax: limits.perDsp ?? 100,
      inFlightPerDspMax: limits.inFlight ?? 100,
    },
    ({ url }) => dropped.push(url),
  );
  const takeAll = () => {
    const taken: QueuedNotice[] = [];
    for (let entry = queue.take(); entry !== undefined; entry = queue.take()) taken.push(entry);
    return taken;
  };
  return { queue, dropped, takeAll, takeUrls: () => takeAll().map((entry) => entry.notice.url) };
}

describe('F50 NoticeQueue', () => {
  it('sends wins and bills before losses, and DSPs in turn', () => {
    const { queue, takeUrls } = queueWith({});
    for (const url of ['l1', 'l2']) queue.offer(notice('loss', 'a', url));
    queue.offer(notice('win', 'a', 'w1'));
    queue.offer(notice('bill', 'b', 'b1'));
    queue.offer(notice('loss', 'b', 'l3'));
    expect(takeUrls()).toEqual(['w1', 'b1', 'l1', 'l3', 'l2']);
  });

  it('when full, drops the oldest loss of any DSP', () => {
    const { queue, dropped, takeUrls } = queueWith({ total: 3 });
    queue.offer(notice('loss', 'b', 'oldest'));
    queue.offer(notice('loss', 'a', 'older'));
    queue.offer(notice('win', 'a', 'w1'));
    queue.offer(notice('win', 'a', 'w2'));
    queue.offer(notice('loss', 'c', 'new'));
    expect(dropped).toEqual(['oldest', 'older']);
    expect(takeUrls().sort()).toEqual(['new', 'w1', 'w2']);
  });

  it('when full of wins and bills, drops the new notice, whatever it is', () => {
    const { queue, dropped } = queueWith({ total: 2 });
    queue.offer(notice('win', 'a'));
    queue.offer(notice('bill', 'a'));
    queue.offer(notice('loss', 'b'));
    queue.offer(notice('bill', 'b'));
    expect(dropped).toEqual(['loss-b', 'bill-b']);
    expect(queue.length).toBe(2);
  });

  it('one DSP cannot take more than its share, and pays with its own losses', () => {
    const { queue, dropped } = queueWith({ perDsp: 2 });
    queue.offer(notice('loss', 'alive', 'theirs'));
    queue.offer(notice('loss', 'dead', 'own'));
    queue.offer(notice('win', 'dead', 'w1'));
    queue.offer(notice('win', 'dead', 'w2'));
    queue.offer(notice('win', 'dead', 'w3'));
    expect(dropped).toEqual(['own', 'w3']);
  });

  it('keeps at most the cap in flight per DSP', () => {
    const { queue, takeAll, takeUrls } = queueWith({ inFlight: 2 });
    for (const url of ['w1', 'w2', 'w3']) queue.offer(notice('win', 'a', url));
    const [first] = takeAll();
    expect(queue.length).toBe(3);
    queue.settle(first!);
    expect(takeUrls()).toEqual(['w3']);
  });

  it('a deferred notice keeps its place in the count but not in flight', () => {
    const { queue, dropped, takeAll } = queueWith({ total: 1, inFlight: 1 });
    queue.offer(notice('win', 'a', 'w1'));
    const [entry] = takeAll();
    queue.defer(entry!);
    queue.offer(notice('win', 'a', 'w2'));
    expect(dropped).toEqual(['w2']);
    queue.resume(entry!);
    expect(queue.take()).toMatchObject({ notice: { url: 'w1' }, failedTries: 1 });
  });

  it('loses no notice from its books: offered = taken + dropped, and ends empty', () => {
    const kinds = fc.constantFrom<Notice['kind']>('win', 'loss', 'bill');
    const step = fc.oneof(
      fc.record({ kind: kinds, dspId: fc.constantFrom('a', 'b', 'c') }),
      fc.constant('take' as const),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { queue, dropped, takeAll } = queueWith({ total: 9, perDsp: 5, inFlight: 2 });
        let offered = 0;
        let settled = 0;
        for (const action of steps) {
          if (action === 'take') {
            const entry = queue.take();
            if (entry !== undefined) queue.settle(entry);
            if (entry !== undefined) settled += 1;
          } else {
            queue.offer({ ...action, about: null, url: '' });
            offered += 1;
          }
          expect(queue.length).toBe(offered - settled - dropped.length);
          expect(queue.length).toBeLessThanOrEqual(9);
        }
        for (let taken = takeAll(); taken.length > 0; taken = takeAll()) for (const entry of taken) queue.settle(entry);
        expect(queue.length).toBe(0);
      }),
    );
  });
});
