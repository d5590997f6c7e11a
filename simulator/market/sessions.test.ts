import { describe, expect, it } from 'vitest';
import { seededRandom } from '../random.ts';
import { type SessionOptions, Sessions } from './sessions.ts';
import { Users } from './users.ts';

const HOUR_MS = 3_600_000;
const MONDAY_MS = Date.UTC(2026, 5, 8);
const PLACE = { country: 'DEU', utcOffsetMin: 0 };

function arrivals(untilMs: number, changes: Partial<SessionOptions> = {}, users = 1_000) {
  const options: SessionOptions = {
    requestsPerSec: 1,
    hourOfWeek: null,
    localStartMs: MONDAY_MS,
    requestsMean: 6,
    gapSec: 15,
    ...changes,
  };
  const random = seededRandom(3);
  const sessions = new Sessions(options, new Users(users, PLACE, random.fork('users')), random.fork('sessions'));
  const all = [];
  for (let arrival = sessions.next(); arrival.atMs < untilMs; arrival = sessions.next()) all.push(arrival);
  return all;
}

describe('sessions of users', () => {
  it('come in order of time, as many as the rate says, from the first moment on', () => {
    const all = arrivals(8 * HOUR_MS);
    const times = all.map(({ atMs }) => atMs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(all.length / (8 * 3600)).toBeCloseTo(1, 1);
    expect(times.filter((atMs) => atMs < HOUR_MS / 4).length).toBeGreaterThan(700);
  });

  it('follow the hours of the week', () => {
    const hourOfWeek = Array.from({ length: 168 }, (_, hour) => (hour % 24 < 12 ? 1 : 3));
    const counts = [0, 0];
    for (const { atMs } of arrivals(48 * HOUR_MS, { hourOfWeek }))
      counts[atMs % (24 * HOUR_MS) < 12 * HOUR_MS ? 0 : 1]! += 1;
    expect(counts[1]! / counts[0]!).toBeGreaterThan(2.7);
    expect(counts[1]! / counts[0]!).toBeLessThan(3.3);
  });

  it('bring the same user again within a session, and again on another day', () => {
    const all = arrivals(48 * HOUR_MS, { requestsPerSec: 0.1 });
    const times = new Map<number, number[]>();
    for (const { atMs, user } of all) times.set(user.index, [...(times.get(user.index) ?? []), atMs]);
    const gaps = [...times.values()].flatMap((of) => of.slice(1).map((atMs, index) => atMs - of[index]!));
    const within = gaps.filter((gap) => gap < 3 * 60_000).length / all.length;
    expect(within).toBeGreaterThan(0.6);
    expect(gaps.some((gap) => gap > 6 * HOUR_MS)).toBe(true);
  });

  it('are single requests when their mean is one', () => {
    const all = arrivals(2 * HOUR_MS, { requestsMean: 1 }, 100_000);
    const repeated = all.length - new Set(all.map(({ user }) => user.index)).size;
    expect(repeated / all.length).toBeLessThan(0.15);
  });

  it('are more often those of active users', () => {
    const counts = new Map<number, number>();
    for (const { user } of arrivals(24 * HOUR_MS)) counts.set(user.index, (counts.get(user.index) ?? 0) + 1);
    const sorted = [...counts.values()].sort((a, b) => b - a);
    const total = sorted.reduce((sum, count) => sum + count, 0);
    const top = sorted.slice(0, 100).reduce((sum, count) => sum + count, 0);
    expect(top / total).toBeGreaterThan(0.35);
  });
});
