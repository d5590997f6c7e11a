/** What was sold, and for how much. */
import { COLOURS } from './palette.ts';
import { axisPercent, decimal, percent, unitsOf } from './quantities.ts';
import type { RunView } from './run-view.ts';
import type { Section } from './section.ts';
import { timeChart } from './time-chart.ts';

export function moneySection(view: RunView): Section {
  return { id: 'money', title: 'Fill and revenue', figures: [fill(view), revenue(view), revenuePerMille(view)] };
}

function fill(view: RunView) {
  const { slots } = view;
  return timeChart(view, {
    id: 'fill',
    title: 'Fill',
    description:
      'Of all requests, those that were answered with at least one bid. The dashed line counts answered requests only: where both fall, bids were missing; where only the solid one falls, answers were.',
    unit: 'share of requests',
    format: percent,
    axisFormat: axisPercent,
    max: 1,
    series: [
      {
        name: 'of all requests',
        colour: COLOURS.blue,
        values: slots.map(({ filled, requests }) => (requests === 0 ? null : filled / requests)),
      },
      {
        name: 'of answered requests',
        colour: COLOURS.green,
        mark: 'dashed',
        values: slots.map(({ filled, answered }) => (answered === 0 ? null : filled / answered)),
      },
    ],
    whyEmpty: 'no request was filled',
  });
}

function revenue(view: RunView) {
  const { slots } = view;
  return timeChart(view, {
    id: 'revenue',
    title: 'Revenue',
    description:
      'What impressions were sold for at clearing prices; where the market of the run has a truth, also what they were worth to advertisers, which only the simulator knows.',
    unit: `currency of the exchange in ${view.slotLength}`,
    format: decimal,
    series: [
      {
        name: 'revenue',
        colour: COLOURS.green,
        values: slots.map(({ revenueNanos }) => unitsOf(revenueNanos)),
      },
      {
        name: 'worth to advertisers',
        colour: COLOURS.purple,
        mark: 'dashed',
        values: slots.map(({ advertiserValueNanos }) => unitsOf(advertiserValueNanos)),
      },
    ],
    whyEmpty: 'nothing was sold',
  });
}

function revenuePerMille(view: RunView) {
  const { slots } = view;
  return timeChart(view, {
    id: 'revenue-per-mille',
    title: 'Revenue per thousand requests',
    description: 'Revenue with the amount of traffic taken out of it: what falls here was lost on each request.',
    unit: 'currency of the exchange per 1,000 requests',
    format: decimal,
    series: [
      {
        name: 'revenue per 1,000 requests',
        colour: COLOURS.green,
        values: slots.map(({ revenueNanos, requests }) =>
          requests === 0 ? null : (unitsOf(revenueNanos) / requests) * 1000,
        ),
      },
    ],
    whyEmpty: 'nothing was sold',
  });
}
