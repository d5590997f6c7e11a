/** Budgets of campaigns against their plans. */
import type { CampaignFigures } from '../../world/run-record.ts';
import { categoryBars } from './category-bars.ts';
import { shortText } from './markup.ts';
import { COLOURS, colourAt, markAt } from './palette.ts';
import { axisPercent, count, decimal, money, percent, unitsOf } from './quantities.ts';
import { last, type RunView } from './run-view.ts';
import type { Section } from './section.ts';
import { timeChart } from './time-chart.ts';

/** Campaigns with a chart of their own, and curves of one chart. */
const DRAWN_MAX = 6;

/** Of an id in a title. */
const NAME_LENGTH_MAX = 40;

export function campaignSection(view: RunView): Section {
  const campaigns = view.record.campaigns.toSorted((a, b) => b.budgetNanos - a.budgetNanos || (a.id < b.id ? -1 : 1));
  const drawn = campaigns.slice(0, DRAWN_MAX);
  return {
    id: 'campaigns',
    title: 'Campaigns',
    figures: [
      budgets(campaigns, view.idPrefix),
      ...drawn.map((campaign, at) => plan(view, campaign, at)),
      paces(view, drawn, campaigns.length - drawn.length),
      leases(view),
    ],
  };
}

function budgets(campaigns: readonly CampaignFigures[], idPrefix: string) {
  return categoryBars({
    id: `${idPrefix}budgets`,
    title: 'Spent and budget by campaign',
    description:
      'What each campaign spent beside what it was to have spent by the end of the run, and its whole budget. A bar of spend longer than that of the budget would be a defect.',
    names: campaigns.map(({ id }) => id),
    series: [
      { name: 'spent', colour: COLOURS.green, values: campaigns.map(({ spentNanos }) => unitsOf(spentNanos)) },
      {
        name: 'planned by then',
        colour: COLOURS.blue,
        values: campaigns.map((one) => unitsOf(last(one.plannedNanos))),
      },
      { name: 'budget', colour: COLOURS.grey, values: campaigns.map(({ budgetNanos }) => unitsOf(budgetNanos)) },
    ],
    unit: 'currency of the exchange',
    isStacked: false,
    table: {
      columns: ['campaign', 'budget', 'spent', 'of budget', 'planned by the end', 'spent of planned'],
      rows: campaigns.map(({ id, budgetNanos, spentNanos, plannedNanos }) => {
        const planned = last(plannedNanos);
        return [
          id,
          money(budgetNanos),
          money(spentNanos),
          budgetNanos === 0 ? '–' : percent(spentNanos / budgetNanos),
          money(planned),
          planned === 0 ? '–' : percent(spentNanos / planned),
        ];
      }),
    },
    whyEmpty: 'there were no campaigns with a budget',
  });
}

function plan(view: RunView, { id, plannedNanos, spentByNanos }: CampaignFigures, index: number) {
  return timeChart(view, {
    id: `campaign-${index}`,
    title: `Budget against plan: ${shortText(id, NAME_LENGTH_MAX)}`,
    description: 'What the campaign was to have spent by each moment, and what it had spent.',
    unit: 'currency of the exchange',
    format: decimal,
    valuesAre: 'end',
    series: [
      {
        name: 'planned',
        colour: COLOURS.blue,
        mark: 'dashed',
        values: view.bySlot(plannedNanos, last).map(unitsOf),
      },
      { name: 'spent', colour: COLOURS.green, values: view.bySlot(spentByNanos, last).map(unitsOf) },
    ],
    whyEmpty: 'it neither planned nor spent anything',
  });
}

/** All campaigns together. */
function leases(view: RunView) {
  const { campaigns, intervals } = view.record;
  const total = (key: 'leasedNanos' | 'strandedNanos'): number[] =>
    view
      .bySlot(
        intervals.map((_, at) => campaigns.reduce((all, one) => all + one[key][at]!, 0)),
        last,
      )
      .map(unitsOf);
  return timeChart(view, {
    id: 'leases',
    title: 'Budget in leases',
    description:
      'What engines held of the budgets of all campaigns, to spend without asking, and of that what was held by engines that had died: it can be spent by nobody until their leases have run out.',
    unit: 'currency of the exchange',
    format: decimal,
    valuesAre: 'end',
    series: [
      { name: 'in leases', colour: COLOURS.blue, values: total('leasedNanos') },
      { name: 'of engines that died', colour: COLOURS.red, mark: 'dashed', values: total('strandedNanos') },
    ],
    whyEmpty: 'no engine held any',
  });
}

function paces(view: RunView, campaigns: readonly CampaignFigures[], more: number) {
  return timeChart(view, {
    id: 'pace',
    title: 'Pace',
    description:
      'The factor that the bids of a campaign are held back by: 100% is not at all, 0% is out of the auction.',
    unit: 'factor on bids',
    format: percent,
    axisFormat: axisPercent,
    max: 1,
    series: campaigns.map(({ id, pace }, at) => ({
      name: id,
      colour: colourAt(at),
      mark: markAt(at),
      values: view.bySlot(pace, last),
    })),
    notes: more > 0 ? [`${count(more)} more campaigns, with smaller budgets, are in the record only.`] : [],
    whyEmpty: 'no campaign was paced',
  });
}
