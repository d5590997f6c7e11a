/** A what-if as people read it. */
import { textTable } from '../../report/text-table.ts';
import { formatReading, percent, type ReplayReading } from '../replay-text.ts';
import { LIMITS, type Limit } from './counterfactual-limits.ts';
import type { Interval } from './paired-moments.ts';
import type { GroupFigures } from './sales-figures.ts';
import type { WhatIfReport } from './what-if.ts';

/** Of DSPs, and of publishers, so many lines: of those who bring most. */
const GROUPS_MAX = 20;

export function formatWhatIf(report: WhatIfReport, reading: ReplayReading): string {
  const { auctions } = report.figures;
  return `${[
    ...formatReading(report.read, reading),
    `Compared:    ${auctions} auctions${notCompared(report.notCompared)}`,
    ...changedBids('Left out', report.bidsLeftOut),
    ...changedBids('Too late', report.bidsLate),
    '',
    ...sales(report),
    '',
    `Other winners in ${report.otherWinners} auctions (${percent(report.otherWinners, auctions)}), only other prices in ${report.otherPrices} (${percent(report.otherPrices, auctions)})`,
    '',
    ...groups('DSP', report.byDsp),
    '',
    ...groups('Publisher', report.byPublisher),
    '',
    ...limits(report),
  ].join('\n')}\n`;
}

function notCompared(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([why, count]) => `${count} ${why}`);
  return parts.length === 0 ? '' : `; not: ${parts.join(', ')}`;
}

function changedBids(title: string, counts: Readonly<Record<string, number>>): string[] {
  const parts = Object.entries(counts).map(([dspId, count]) => `${dspId} ${count}`);
  return parts.length === 0 ? [] : [`${`${title}:`.padEnd(13)}bids of ${parts.join(', ')}`];
}

const NANOS = 1_000_000_000;
const MICROS = 1_000_000;

function sales({ figures, currency }: WhatIfReport): string[] {
  const { auctions, before, after, difference } = figures;
  const perMille = (nanos: number): number => (nanos / NANOS) * 1000;
  const cpm = (micros: number | null): string => (micros === null ? '-' : (micros / MICROS).toFixed(4));
  const share = (part: number): string => `${((part / Math.max(1, auctions)) * 100).toFixed(3)} %`;
  return textTable([
    ['', 'before', 'after', 'difference', '95 % of it'],
    [
      'impressions',
      String(before.impressions),
      String(after.impressions),
      signed(after.impressions - before.impressions, 0),
      '',
    ],
    [
      `revenue, ${currency}`,
      (before.revenueNanos / NANOS).toFixed(4),
      (after.revenueNanos / NANOS).toFixed(4),
      signed((after.revenueNanos - before.revenueNanos) / NANOS, 4),
      relative(after.revenueNanos, before.revenueNanos),
    ],
    [
      'per 1000 auctions',
      perMille(before.revenueNanos / Math.max(1, auctions)).toFixed(4),
      perMille(after.revenueNanos / Math.max(1, auctions)).toFixed(4),
      ...interval(difference.revenueNanos, perMille, 4),
    ],
    ['fill', share(before.filled), share(after.filled), ...interval(difference.fill, (value) => value * 100, 3)],
    [
      'mean CPM',
      cpm(before.meanCpmMicros),
      cpm(after.meanCpmMicros),
      ...(difference.meanCpmMicros === null
        ? ['-', '']
        : interval(difference.meanCpmMicros, (value) => value / MICROS, 4)),
    ],
  ]);
}

function interval({ value, lower, upper }: Interval, scaled: (value: number) => number, digits: number): string[] {
  const range =
    lower === null || upper === null ? '' : `${signed(scaled(lower), digits)} to ${signed(scaled(upper), digits)}`;
  return [signed(scaled(value), digits), range];
}

function signed(value: number, digits: number): string {
  const text = value.toFixed(digits);
  return Number(text) > 0 ? `+${text}` : text;
}

function relative(after: number, before: number): string {
  return before === 0 ? '' : `${signed((after / before - 1) * 100, 2)} %`;
}

function groups(title: string, byName: Readonly<Record<string, GroupFigures>>): string[] {
  // Sorted here: names that are whole numbers come first in an object, whatever the order they were put in.
  const all = Object.entries(byName).sort(([, one], [, other]) => largestNanos(other) - largestNanos(one));
  const rows = all
    .slice(0, GROUPS_MAX)
    .map(([name, { before, after }]) => [
      name === '' ? '(none)' : name,
      String(before.impressions),
      String(after.impressions),
      (before.revenueNanos / NANOS).toFixed(4),
      (after.revenueNanos / NANOS).toFixed(4),
      signed((after.revenueNanos - before.revenueNanos) / NANOS, 4),
    ]);
  const more = all.length > GROUPS_MAX ? [`... and ${all.length - GROUPS_MAX} more (--json)`] : [];
  return [...textTable([[title, 'sold before', 'after', 'revenue before', 'after', 'difference'], ...rows]), ...more];
}

function largestNanos({ before, after }: GroupFigures): number {
  return Math.max(before.revenueNanos, after.revenueNanos);
}

function limits({ limits: counts, unapplied, figures }: WhatIfReport): string[] {
  const lines = (Object.entries(counts) as [Limit, number][]).map(
    ([limit, count]) => `  ${count} of ${figures.auctions}: ${LIMITS[limit]}`,
  );
  return [
    'What this cannot know, by auctions that it applies to:',
    ...(lines.length === 0 ? ['  nothing'] : lines),
    ...(unapplied.length === 0 ? [] : [`Not applied, though it differs: ${unapplied.join(', ')}`]),
  ];
}
