/** What DSPs did, won and paid. */
import type { DspFigures } from '../../world/run-record.ts';
import { categoryBars } from './category-bars.ts';
import type { Table } from './figure.ts';
import { COLOURS } from './palette.ts';
import { axisPercent, count, milliseconds, money, percent, unitsOf } from './quantities.ts';
import type { RunView } from './run-view.ts';
import type { Section } from './section.ts';

export function dspSection({ record, idPrefix }: RunView): Section {
  const dsps = record.dsps.toSorted((a, b) => b.calls - a.calls || compareIds(a, b));
  const table = tableOf(dsps);
  return {
    id: 'dsps',
    title: 'DSPs',
    figures: [results(dsps, table, idPrefix), winRates(dsps, table, idPrefix), spend(dsps, table, idPrefix)],
  };
}

/** Colours that say the same as everywhere else; further results follow by name. */
const RESULT_COLOURS: Readonly<Record<string, string>> = {
  bid: COLOURS.green,
  answer: COLOURS.green,
  'no-bid': COLOURS.blue,
  timeout: COLOURS.orange,
  'http-error': COLOURS.red,
  unreachable: COLOURS.purple,
  invalid: COLOURS.pink,
  unreadable: COLOURS.brown,
  skipped: COLOURS.grey,
};
const SPARE_COLOURS = [COLOURS.teal, COLOURS.olive];

function results(dsps: readonly DspFigures[], table: Table, idPrefix: string) {
  const names = resultNames(dsps);
  const others = names.filter((name) => !Object.hasOwn(RESULT_COLOURS, name));
  return categoryBars({
    id: `${idPrefix}dsp-results`,
    title: 'Results by DSP',
    description: 'What became of the calls to each DSP, most called first. Skipped and not sent ones are no calls.',
    names: dsps.map(({ id }) => id),
    series: names.map((name) => ({
      name,
      colour: RESULT_COLOURS[name] ?? SPARE_COLOURS[others.indexOf(name) % SPARE_COLOURS.length]!,
      values: dsps.map((dsp) => dsp.results[name] ?? 0),
    })),
    unit: 'results',
    isStacked: true,
    table,
    whyEmpty: 'no DSP was asked',
  });
}

function winRates(dsps: readonly DspFigures[], table: Table, idPrefix: string) {
  return categoryBars({
    id: `${idPrefix}dsp-win-rate`,
    title: 'Win rate by DSP',
    description: 'Of the calls that a DSP answered with a bid, those that it won.',
    names: dsps.map(({ id }) => id),
    series: [{ name: 'win rate', colour: COLOURS.teal, values: dsps.map((dsp) => winRate(dsp) ?? 0) }],
    unit: 'share of answers with a bid',
    axisFormat: axisPercent,
    isStacked: false,
    table,
    whyEmpty: 'no DSP won',
  });
}

function spend(dsps: readonly DspFigures[], table: Table, idPrefix: string) {
  return categoryBars({
    id: `${idPrefix}dsp-spend`,
    title: 'Spend by DSP',
    description:
      'What each DSP paid at clearing prices; where the market of the run has a truth, also the true worth of what it bought.',
    names: dsps.map(({ id }) => id),
    series: [
      { name: 'spent', colour: COLOURS.green, values: dsps.map(({ spendNanos }) => unitsOf(spendNanos)) },
      { name: 'worth', colour: COLOURS.purple, values: dsps.map(({ valueNanos }) => unitsOf(valueNanos)) },
    ],
    unit: 'currency of the exchange',
    isStacked: false,
    table,
    whyEmpty: 'no DSP bought anything',
  });
}

function tableOf(dsps: readonly DspFigures[]): Table {
  const names = resultNames(dsps);
  return {
    columns: ['DSP', 'calls', ...names, 'wins', 'win rate', 'spent', 'worth', 'p50', 'p95', 'p99'],
    rows: dsps.map((dsp) => {
      const { latencyMs } = dsp;
      const rate = winRate(dsp);
      return [
        dsp.id,
        count(dsp.calls),
        ...names.map((name) => count(dsp.results[name] ?? 0)),
        count(dsp.wins),
        rate === null ? '–' : percent(rate),
        money(dsp.spendNanos),
        money(dsp.valueNanos),
        ...[latencyMs?.p50, latencyMs?.p95, latencyMs?.p99].map((ms) => (ms === undefined ? '–' : milliseconds(ms))),
      ];
    }),
  };
}

/** Those with a colour of their own first. */
function resultNames(dsps: readonly DspFigures[]): string[] {
  const present = new Set(dsps.flatMap(({ results }) => Object.keys(results)));
  const known = Object.keys(RESULT_COLOURS);
  return [...known.filter((name) => present.has(name)), ...[...present].filter((name) => !known.includes(name)).sort()];
}

/** Null: it made no bid. */
function winRate({ wins, results }: DspFigures): number | null {
  // Where only the transport was watched, an answer with a body stands for a bid.
  const bids = results.bid ?? results.answer ?? 0;
  return bids === 0 ? null : wins / bids;
}

function compareIds(a: DspFigures, b: DspFigures): number {
  return a.id < b.id ? -1 : 1;
}
