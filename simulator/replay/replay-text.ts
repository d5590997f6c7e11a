/** What all replays say of what they have read, for people. */
import type { ReadingTally } from './recorded-auctions.ts';

export interface ReplayReading {
  /** Where the events are. */
  readonly source: string;
  /** How long it took; null: that is not what was measured. */
  readonly seconds: number | null;
}

/** Lines without what is nothing. */
export function formatReading(tally: ReadingTally, { source, seconds }: ReplayReading): string[] {
  const versions = countsOf(tally.versions, (version) => `of version ${version}`);
  const unreadable = Object.values(tally.unreadable).reduce((sum, count) => sum + count, 0);
  const left = [
    tally.otherEvents > 0 ? `${tally.otherEvents} events of other types` : '',
    tally.outsideWindow > 0 ? `${tally.outsideWindow} auctions outside of the window` : '',
    tally.repeated > 0 ? `${tally.repeated} told again` : '',
  ].filter((text) => text !== '');
  const speed =
    seconds === null ? '' : ` in ${seconds.toFixed(1)} s, ${Math.round(tally.auctions / seconds)} auctions a second`;
  return [
    `Read:        ${tally.auctions} auctions (${versions}) from ${source}${speed}`,
    ...(left.length === 0 ? [] : [`Passed over: ${left.join(', ')}`]),
    ...(tally.lost === 0 ? [] : [`Lost:        ${tally.lost} records are damaged or missing`]),
    ...(unreadable === 0 ? [] : [`Unreadable:  ${unreadable} events: ${countsOf(tally.unreadable, (code) => code)}`]),
    ...tally.problems.map((problem) => `             ${problem}`),
  ];
}

/** `2 of version 1, 40 of version 2`. */
export function countsOf(counts: Readonly<Record<string, number>>, label: (key: string) => string): string {
  return Object.entries(counts)
    .map(([key, count]) => `${count} ${label(key)}`)
    .join(', ');
}

/** Exactly 100 % when all are. */
export function percent(part: number, whole: number): string {
  if (part === whole) return '100 %';
  return `${Math.min(99.9999, (part / whole) * 100).toFixed(4)} %`;
}
