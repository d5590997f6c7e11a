import { expect, it } from 'vitest';
import { reportWindow } from './report-window.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 19, 30);
const iso = (from?: string, to?: string): string[] => {
  const named = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  const { fromMs, toMs } = reportWindow(named, NOW_MS);
  return [fromMs, toMs].map((atMs) => new Date(atMs).toISOString().slice(0, 16));
};

it('is of whole days or hours, both ends included', () => {
  expect(iso('2026-11-20', '2026-11-21')).toEqual(['2026-11-20T00:00', '2026-11-22T00:00']);
  expect(iso('2026-11-20T05', '2026-11-20T05')).toEqual(['2026-11-20T05:00', '2026-11-20T06:00']);
});

it('is the last seven days and this one so far when nobody says', () => {
  expect(iso()).toEqual(['2026-11-14T00:00', '2026-11-21T20:00']);
});

it.each(['2026-02-30', '2026-11-20T24', '2026-13-01', 'yesterday', '2026-11-20T05:60', ''])('refuses %j', (time) => {
  expect(() => iso(time)).toThrow(/--from must be a day/);
  expect(() => iso(undefined, time)).toThrow(/--to must be a day/);
});
