/** The simulated market beside the real one. */
import type { CalibrationRow } from '../../world/run-record.ts';
import { categoryBars } from './category-bars.ts';
import { type Figure, leftOut } from './figure.ts';
import { html } from './markup.ts';
import { metricScale } from './metric-scale.ts';
import { COLOURS } from './palette.ts';
import { signedPercent } from './quantities.ts';
import type { RunView } from './run-view.ts';
import type { Section } from './section.ts';

export function calibrationSection({ record, idPrefix }: RunView): Section {
  const { calibration } = record;
  const title = 'Calibration';
  if (calibration === null || calibration.rows.length === 0) {
    return { id: 'calibration', title, figures: [leftOut(title, 'the market of the run was compared with no data')] };
  }
  return {
    id: 'calibration',
    title,
    lead: html`<p>How the simulated market looks beside the real one. Real figures: ${calibration.source}.</p>`,
    figures: groupsOf(calibration.rows).map((rows, at) => groupChart(rows, `${idPrefix}calibration-${at}`)),
  };
}

/** Of one group and one unit: they can share an axis. */
function groupsOf(rows: readonly CalibrationRow[]): CalibrationRow[][] {
  const groups = new Map<string, CalibrationRow[]>();
  for (const row of rows) {
    const key = JSON.stringify([row.group, row.unit]);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()];
}

function groupChart(rows: readonly CalibrationRow[], id: string): Figure {
  const { group, unit } = rows[0]!;
  const scale = metricScale(unit);
  return categoryBars({
    id,
    title: `Real and simulated: ${group}`,
    description:
      'Each figure of the real market with the simulated one below it. Bars of equal length are a market that is alike.',
    names: rows.map(({ name }) => name),
    series: [
      { name: 'real', colour: COLOURS.blue, values: rows.map(({ real }) => scale.drawn(real)) },
      { name: 'simulated', colour: COLOURS.orange, values: rows.map(({ simulated }) => scale.drawn(simulated)) },
    ],
    unit: scale.unit,
    axisFormat: scale.axis,
    isStacked: false,
    table: {
      columns: [group, 'real', 'simulated', 'off by'],
      rows: rows.map(({ name, real, simulated }) => [
        name,
        scale.text(scale.drawn(real)),
        scale.text(scale.drawn(simulated)),
        real === 0 ? '–' : signedPercent(simulated / real - 1),
      ]),
    },
    whyEmpty: 'all figures are 0',
  });
}
