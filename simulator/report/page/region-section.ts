/** Where the traffic went, and how much room its machines had left. */
import type { RegionFigures } from '../../world/run-record.ts';
import { colourAt, markAt } from './palette.ts';
import { axisPercent, count, percent } from './quantities.ts';
import { last, maximum, type RunView, sum } from './run-view.ts';
import type { Section } from './section.ts';
import { type TimeSeries, timeChart } from './time-chart.ts';

export function regionSection(view: RunView): Section {
  const { regions } = view.record;
  /** Curves with the same colour for a region in each chart. */
  const curves = (key: keyof Omit<RegionFigures, 'name'>, merge: (values: readonly number[]) => number): TimeSeries[] =>
    regions.map((region, at) => ({
      name: region.name,
      colour: colourAt(at),
      mark: markAt(at),
      values: view.bySlot(region[key], merge),
    }));
  return {
    id: 'regions',
    title: 'Regions',
    figures: [
      timeChart(view, {
        id: 'region-requests',
        title: 'Requests by region',
        description: 'Requests that reached each region, on top of each other.',
        unit: `requests in ${view.slotLength}`,
        isStacked: true,
        format: count,
        series: curves('requests', sum),
        whyEmpty: 'the run has no regions, or no requests reached them',
      }),
      timeChart(view, {
        id: 'region-utilisation',
        title: 'Utilisation by region',
        description: 'How much of the capacity of its engines a region used.',
        unit: 'share of capacity',
        format: percent,
        axisFormat: axisPercent,
        series: curves('utilisation', maximum),
        whyEmpty: 'the run has no regions, or none was used',
      }),
      timeChart(view, {
        id: 'region-machines',
        title: 'Machines by region',
        description: 'Machines that were up.',
        unit: 'machines',
        format: count,
        series: curves('machines', last),
        whyEmpty: 'the run has no regions with machines',
      }),
      timeChart(view, {
        id: 'region-shed',
        title: 'Shed requests by region',
        description: 'Requests that each region refused because there was too much to do, on top of each other.',
        unit: `requests in ${view.slotLength}`,
        isStacked: true,
        format: count,
        series: curves('shed', sum),
        whyEmpty: 'no region shed requests',
      }),
    ],
  };
}
