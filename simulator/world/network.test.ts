import { describe, expect, it } from 'vitest';
import { seededRandom } from '../random.ts';
import { LinkError } from './link.ts';
import { type LinkTraits, Network } from './network.ts';
import { storeLink } from './store-link.ts';
import { smallLoop } from './testing/small-loop.ts';

const STEADY: LinkTraits = { medianMs: 5, sigma: 0, loss: 0 };

function twoProcesses(traits = STEADY) {
  const { loop, spawn } = smallLoop();
  const random = seededRandom(1);
  const network = new Network({ loop, wire: spawn('wire'), traitsOf: () => traits, random });
  const [from, to] = [spawn('from'), spawn('to')];
  const seen: string[] = [];
  const note = (text: string) => seen.push(`${text} at ${loop.nowMs}`);
  const send = () =>
    network.send({
      from,
      to,
      onDelivered: () => note('delivered'),
      onArrival: () => note(`arrived in ${loop.current?.name}`),
      onRefused: () => note(`refused to ${loop.current?.name}`),
    });
  return { loop, network, from, to, seen, send, director: spawn('director') };
}

describe('a message', () => {
  it('arrives after its way, as a task of who gets it', async () => {
    const { loop, seen, send } = twoProcesses();
    send();
    await loop.run(100);
    expect(seen).toEqual(['delivered at 5', 'arrived in to at 5']);
  });

  it('is on the machine before a busy process gets round to it', async () => {
    const { loop, to, seen, send } = twoProcesses();
    to.busyUntilMs = 50;
    send();
    await loop.run(100);
    expect(seen).toEqual(['delivered at 5', 'arrived in to at 50']);
  });

  it('is refused by a process that is down, or has died meanwhile', async () => {
    const { loop, to, director, seen, send } = twoProcesses();
    send();
    loop.schedule(director, 3, () => {
      to.kill();
      to.restart();
    });
    await loop.run(20);
    to.kill();
    send();
    await loop.run(100);
    expect(seen).toEqual(['refused to from at 10', 'refused to from at 30']);
  });

  it('is never heard of again across a cut, or when it is lost', async () => {
    const { loop, network, seen, send } = twoProcesses();
    const cut = { isBetween: () => true };
    send();
    network.cut(cut);
    await loop.run(50);
    send();
    network.mend(cut);
    await loop.run(60);
    expect(seen).toEqual([]);
    send();
    await loop.run(100);
    expect(seen).toHaveLength(2);
    const lossy = twoProcesses({ ...STEADY, loss: 1 });
    lossy.send();
    await lossy.loop.run(100);
    expect(lossy.seen).toEqual([]);
  });
});

describe('a link to a store', () => {
  it('brings back what the store gives or throws', async () => {
    const { loop, network, from, to } = twoProcesses();
    const link = storeLink({ network, from, store: to, timeoutMs: 100 });
    const results = Promise.allSettled([
      link.call(() => `done by ${loop.current?.name}`),
      link.call(() => {
        throw new RangeError('no such key');
      }),
    ]);
    await loop.run(200);
    expect(await results).toEqual([
      { status: 'fulfilled', value: 'done by to' },
      { status: 'rejected', reason: new RangeError('no such key') },
    ]);
  });

  it('is late when no answer comes, though the work may have been done', async () => {
    const { loop, network, from, to, director } = twoProcesses();
    const link = storeLink({ network, from, store: to, timeoutMs: 100 });
    let isDone = false;
    const late = link.call(() => {
      isDone = true;
    });
    loop.schedule(director, 7, () => network.cut({ isBetween: () => true }));
    await Promise.all([expect(late).rejects.toMatchObject({ name: LinkError.name, code: 'late' }), loop.run(200)]);
    expect(isDone).toBe(true);
  });

  it('says so at once when the store is down', async () => {
    const { loop, network, from, to } = twoProcesses();
    to.kill();
    const call = storeLink({ network, from, store: to, timeoutMs: 100 }).call(() => 1);
    await Promise.all([expect(call).rejects.toMatchObject({ code: 'unreachable' }), loop.run(20)]);
  });
});
