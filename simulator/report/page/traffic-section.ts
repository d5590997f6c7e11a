/** What became of the requests, and what answering them took. */
import { COLOURS, colourAt } from './palette.ts';
import { axisPercent, count, decimal, percent } from './quantities.ts';
import { type RunView, shedCount } from './run-view.ts';
import type { Section } from './section.ts';
import { timeChart } from './time-chart.ts';

export function trafficSection(view: RunView): Section {
  return {
    id: 'traffic',
    title: 'Requests',
    figures: [outcomes(view), shedCauses(view), fallbacks(view), effort(view)],
  };
}

function outcomes(view: RunView) {
  const { slots } = view;
  return timeChart(view, {
    id: 'requests',
    title: 'What became of the requests',
    description:
      'Requests by what became of them, on top of each other: the upper edge is what was asked for. Shed: refused because there was too much to do. Unanswered: nobody answered in time.',
    unit: `requests in ${view.slotLength}`,
    isStacked: true,
    format: count,
    series: [
      { name: 'answered', colour: COLOURS.blue, values: slots.map(({ answered }) => answered) },
      { name: 'shed', colour: COLOURS.orange, values: slots.map(shedCount) },
      { name: 'unanswered', colour: COLOURS.red, values: slots.map(({ unanswered }) => unanswered) },
    ],
    whyEmpty: 'there were no requests',
  });
}

function shedCauses(view: RunView) {
  const { slots, record } = view;
  const causes = Object.keys(record.totals.shed).sort();
  return timeChart(view, {
    id: 'shed',
    title: 'Shed requests by cause',
    description: 'Requests refused because there was too much to do, by what there was too much of.',
    unit: `requests in ${view.slotLength}`,
    isStacked: true,
    format: count,
    series: causes.map((cause, at) => ({
      name: cause,
      colour: colourAt(at),
      values: slots.map(({ shed }) => shed[cause] ?? 0),
    })),
    whyEmpty: 'no request was shed',
  });
}

function fallbacks(view: RunView) {
  const { slots } = view;
  return timeChart(view, {
    id: 'fallbacks',
    title: 'Decisions with fallback estimates',
    description: 'Share of the answered requests whose click estimates came from a fallback instead of the model.',
    unit: 'share of answered requests',
    format: percent,
    axisFormat: axisPercent,
    series: [
      {
        name: 'from a fallback',
        colour: COLOURS.purple,
        values: slots.map(({ fallbacks, answered }) => (answered === 0 ? null : fallbacks / answered)),
      },
    ],
    whyEmpty: 'no estimate came from a fallback',
  });
}

function effort(view: RunView) {
  const { slots } = view;
  return timeChart(view, {
    id: 'effort',
    title: 'DSP calls and processor time per answered request',
    description: 'How many DSPs were called for a request that was answered, and how much processor time it took.',
    unit: 'calls; ms of processor time',
    format: decimal,
    series: [
      {
        name: 'DSP calls',
        colour: COLOURS.teal,
        values: slots.map(({ dspCalls, answered }) => (answered === 0 ? null : dspCalls / answered)),
      },
      {
        name: 'processor time, ms',
        colour: COLOURS.brown,
        mark: 'dashed',
        values: slots.map(({ cpuMs, answered }) => (answered === 0 ? null : cpuMs / answered)),
      },
    ],
    whyEmpty: 'no DSP was called and no processor time was counted',
  });
}
