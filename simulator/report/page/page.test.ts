import { describe, expect, it } from 'vitest';
import type { ComparisonRecord } from '../../comparison/comparison-record.ts';
import type { IntervalFigures, RunRecord } from '../../world/run-record.ts';
import { renderPage } from './page.ts';
import { dayComparison, dayRecord } from './testing/day-record.ts';
import { smallRecord } from './testing/small-record.ts';

const HOSTILE = `</title></script><script>alert(1)</script><img src=x onerror="alert(2)">'"&\u202e`;

function smallComparison(): ComparisonRecord {
  const comparison = dayComparison(2);
  return { ...comparison, arms: comparison.arms.map((arm) => ({ ...arm, example: smallRecord() })) };
}

/** Without the whole page in the message when it is not. */
function expectIn(page: string, text: string): void {
  expect(page.includes(text), text).toBe(true);
}

describe('the page of a run', () => {
  const page = renderPage(smallRecord());

  it('is the same for the same record', () => {
    expect(renderPage(smallRecord())).toBe(page);
  });

  it('repeats what the run was', () => {
    for (const text of ['silent-dsp', 'gavel simulate --world silent-dsp.yaml --seed 7', '3f2c1a9', '9c1f9c1f']) {
      expectIn(page, text);
    }
  });

  it('has each chart once, named and described', () => {
    const ids = [...page.matchAll(/<figure id="([^"]+)">/g)].map(([, id]) => id);
    expect(ids).toEqual([
      ...['faults', 'breakers', 'periods'],
      ...['requests', 'shed', 'fallbacks', 'effort'],
      ...['fill', 'revenue', 'revenue-per-mille', 'latency-percentiles'],
      ...['dsp-results', 'dsp-win-rate', 'dsp-spend'],
      ...['budgets', 'campaign-0', 'pace', 'leases'],
      ...['region-requests', 'region-utilisation', 'region-machines', 'region-shed'],
      ...['calibration-0', 'calibration-1'],
    ]);
    expect(page.match(/<svg [^>]*role="img"/g)).toHaveLength(ids.length);
    for (const id of ids) {
      expectIn(page, `<title id="${id}-title">`);
      expectIn(page, `<desc id="${id}-desc">`);
    }
  });

  it('names the faults in the legend of every chart over time', () => {
    const figures = page
      .match(/<figure[\s\S]*?<\/figure>/g)!
      .filter((figure) => figure.includes('virtual time of day'));
    const without = figures.filter((figure) => !figure.includes('fault: dsp-x silent from 10:20 to 10:40'));
    expect(figures.length).toBeGreaterThan(12);
    expect(without.map((figure) => /id="([^"]+)"/.exec(figure)![1])).toEqual(['faults']);
  });

  it('asks for nothing from anywhere', () => {
    expect(/<script|<iframe|<link(?! rel="icon" href="data:,")|@import|url\((?!#)/.exec(page)).toBeNull();
    expect(page.match(/\b(?:src|href)="(?!#|data:,")[^"]*"/g)).toBeNull();
  });

  it('leaves out what there is nothing to draw of, and says so', () => {
    const quiet: RunRecord = {
      ...smallRecord(),
      ...{ faults: [], states: [], campaigns: [], regions: [], calibration: null, dsps: [] },
    };
    const quietPage = renderPage(quiet);
    expect(quietPage.includes('<figure id="region')).toBe(false);
    expectIn(quietPage, 'Faults: there were none.');
    expectIn(quietPage, 'Calibration: the market of the run was compared with no data.');
  });

  it('survives a run in which nothing happened at all', () => {
    const { totals } = smallRecord();
    const nothing = Object.fromEntries(Object.keys(totals).map((key) => [key, 0])) as unknown as IntervalFigures;
    const none = { ...nothing, shed: {}, latencyMs: null };
    const lists = { dsps: [], campaigns: [], regions: [], faults: [], states: [], checks: [], calibration: null };
    const empty = renderPage({ ...smallRecord(), ...lists, totals: none, intervals: [none] });
    expect(empty.includes('<figure')).toBe(false);
    expect(/NaN|Infinity|undefined/.exec(empty)).toBeNull();
    expectIn(renderPage({ ...smallRecord(), ...lists, totals: none, intervals: [] }), 'Left out');
  });

  it('has numbers only where there are numbers', () => {
    expect(/NaN|Infinity|undefined|\[object/.exec(page)).toBeNull();
  });

  it('shows text of strangers as text, everywhere', () => {
    const record = smallRecord();
    const hostile: RunRecord = {
      ...record,
      identity: { ...record.identity, scenario: HOSTILE, command: HOSTILE, commit: HOSTILE, scenarioHash: HOSTILE },
      traceHash: HOSTILE,
      totals: { ...record.totals, shed: { [HOSTILE]: 30 } },
      intervals: record.intervals.map((interval) => ({ ...interval, shed: { [HOSTILE]: 3 } })),
      dsps: record.dsps.map((dsp) => ({ ...dsp, id: HOSTILE, results: { [HOSTILE]: 5 } })),
      campaigns: record.campaigns.map((campaign) => ({ ...campaign, id: HOSTILE })),
      regions: record.regions.map((region) => ({ ...region, name: HOSTILE })),
      faults: [{ ...record.faults[0]!, kind: HOSTILE, target: HOSTILE }],
      states: record.states.map((state) => ({ ...state, subject: HOSTILE, state: HOSTILE })),
      checks: [{ id: HOSTILE, name: HOSTILE, judged: 1, violations: [HOSTILE] }],
      calibration: { source: HOSTILE, rows: [{ group: HOSTILE, name: HOSTILE, unit: HOSTILE, real: 1, simulated: 2 }] },
    };
    const hostilePage = renderPage(hostile);
    expect(/<script|<img|\u202e/.exec(hostilePage)).toBeNull();
    expect(hostilePage.match(/<\/title>/g)!.length).toBe(hostilePage.match(/<title[ >]/g)!.length);
  });

  it('draws no more points than a page can show, and says so', () => {
    const year = renderPage(dayRecord({ intervals: 52_560, dsps: 300, campaigns: 40 }));
    expect(year.length).toBeLessThan(4_000_000);
    expectIn(year, 'each of 146 intervals of 10 min');
    expectIn(year, '270 more are in the table');
  });
});

describe('the page of a comparison', () => {
  const page = renderPage(dayComparison());

  it('has a forest plot and the runs of each metric, and an example run of each arm', () => {
    for (const at of [0, 1, 2, 3]) expectIn(page, `<figure id="metric-${at}-forest">`);
    for (const at of [0, 1, 2, 3]) expectIn(page, `<figure id="metric-${at}-seeds">`);
    for (const at of [0, 1, 2]) {
      expectIn(page, `href="#arm-${at}"`);
      expectIn(page, `<section class="arm" id="arm-${at}">`);
      expectIn(page, `<figure id="arm-${at}-latency-percentiles">`);
    }
  });

  it('has every id once, and every anchor leads to one', () => {
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id!);
    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
    const targets = [...page.matchAll(/ href="#([^"]+)"/g)].map(([, id]) => id!);
    expect(targets.filter((target) => !ids.includes(target))).toEqual([]);
  });

  it('draws arms that differ by the noise of sums, or not at all', () => {
    const comparison = smallComparison();
    const pairs = [
      [
        [5, 5],
        [5 + 1e-15, 5],
        [5, 5],
      ],
      [
        [0, 0],
        [0, 0],
        [1e-19, 0],
      ],
    ];
    const metrics = pairs.map((values, at) => {
      const metric = comparison.metrics[at]!;
      const differences = metric.differences.map(({ arm }) => ({
        arm,
        mean: 1e-16,
        lower: 0,
        upper: 2e-16,
        relative: null,
      }));
      return { ...metric, values, differences };
    });
    expect(/NaN|Infinity/.exec(renderPage({ ...comparison, metrics }))).toBeNull();
  });

  it('shows text of strangers as text', () => {
    const comparison = smallComparison();
    const hostile: ComparisonRecord = {
      ...comparison,
      ...{ name: HOSTILE, command: HOSTILE, commit: HOSTILE },
      arms: comparison.arms.map((arm) => ({ ...arm, name: HOSTILE, scenarioHash: HOSTILE })),
      metrics: comparison.metrics.map((metric) => ({ ...metric, metric: HOSTILE, unit: HOSTILE })),
    };
    expect(/<script|<img|\u202e/.exec(renderPage(hostile))).toBeNull();
  });
});
