/** Control of the cost per click: `data` is a training log and one to bid in, `published` has a trace of rounds for each. */
import { CONTROL_STANDARD, type EcpcTraceRow, runEcpcControl } from '../ecpc-experiment.ts';
import type { PublishedPlaces } from './published-places.ts';
import { type Figures, type Precision, type PublishedRow, publishedRow } from './published-row.ts';
import type { Section } from './section.ts';

export async function* controlRows(section: Section, places: PublishedPlaces): AsyncGenerator<PublishedRow> {
  const [train, test] = section.trainAndData;
  const logs: Readonly<Record<string, string>> = { train, test };
  for (const [run, rounds] of Object.entries(section.object('published'))) {
    const log = Object.hasOwn(logs, run)
      ? logs[run]!
      : section.refuse(`has a trace of "${run}", known are train, test`);
    const published = (rounds as readonly unknown[]).map((round) => traceFigures(section, round));
    const { trace } = await runEcpcControl({
      dataPath: places.log(log),
      trainPath: places.log(train),
      control: controlOf(section),
      rounds: section.setting('rounds') ?? published.length,
    });
    yield* published.map((figures, at) =>
      traceRow(
        section,
        `${run} round ${at}`,
        figures,
        trace[at] ?? section.refuse(`has more rounds of ${run} than it names`),
      ),
    );
  }
}

function controlOf(section: Section): typeof CONTROL_STANDARD {
  const gain = (name: keyof typeof CONTROL_STANDARD.gains): number =>
    section.setting(name) ?? CONTROL_STANDARD.gains[name];
  return {
    ...CONTROL_STANDARD,
    ...section.option('ecpcReference', 'reference'),
    ...section.option('bidAtAverage', 'base_bid'),
    ...section.option('bidMin', 'min_bid'),
    ...section.option('firstBid', 'first_bid'),
    ...section.option('phiMin', 'phi_min'),
    ...section.option('phiMax', 'phi_max'),
    gains: { proportional: gain('proportional'), integral: gain('integral'), derivative: gain('derivative') },
  };
}

/** The names that published traces have for what a round came to. */
const FIGURES: Readonly<Record<string, (round: EcpcTraceRow) => number>> = {
  round: ({ round }) => round,
  ecpc: ({ ecpc }) => ecpc,
  phi: ({ phi }) => phi,
  total_click: ({ clicks }) => clicks,
  click_ratio: ({ clickRatio }) => clickRatio,
  win_ratio: ({ winRatio }) => winRatio,
  total_cost: ({ cost }) => cost,
};

function traceFigures(section: Section, round: unknown): Figures {
  const { trace_columns: columns } = section.json;
  const names = Array.isArray(columns) ? columns.map(String) : Object.keys(FIGURES);
  const unknown = names.find((name) => !Object.hasOwn(FIGURES, name));
  if (unknown !== undefined) section.refuse(`traces "${unknown}", known are ${Object.keys(FIGURES).join(', ')}`);
  const figures: readonly unknown[] =
    Array.isArray(round) && round.length === names.length
      ? round
      : section.refuse(`has rounds without ${names.length} figures`);
  return Object.fromEntries(names.map((name, at) => [name, Number(figures[at])]));
}

const FOUR_DECIMALS: Precision = { decimalsOf: () => 4 };

function traceRow(section: Section, row: string, published: Figures, round: EcpcTraceRow): PublishedRow {
  const reproduced = Object.fromEntries(Object.keys(published).map((name) => [name, FIGURES[name]!(round)]));
  return publishedRow(section.name, row, published, reproduced, FOUR_DECIMALS);
}
