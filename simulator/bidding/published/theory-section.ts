/** Revenue of second-price auctions by number of bidders: `rows` with `n`, computed by integration, no log at all. */
import {
  logNormalValues,
  optimalReserve,
  secondPriceOutcome,
  uniformValues,
  type ValueDistribution,
} from '../../theory/second-price.ts';
import { type Figures, type Precision, type PublishedRow, publishedRow } from './published-row.ts';
import { isObject, type Section } from './section.ts';

export function isTheory({ json }: Section): boolean {
  return Array.isArray(json.rows) && json.rows.every((row) => isObject(row) && typeof row.n === 'number');
}

/** Table 1 of Ostrovsky and Schwarz cuts 5/12 off to 0.4166. */
const PRECISION: Precision = {
  decimalsOf: (figure) => (figure === 'uplift_pct' || figure === 'optimal_reserve' ? 3 : 4),
  isTruncated: true,
};

/** Values are uniform, or log-normal where the section says `N(mean, deviation)`. */
export function* theoryRows(section: Section): Generator<PublishedRow> {
  const { json } = section;
  const [, mean, deviation] = /N\(([\d.]+), ?([\d.]+)\)/.exec(String(json.status)) ?? [];
  const values = mean === undefined ? uniformValues : logNormalValues(Number(mean), Number(deviation));
  const best = optimalReserve(values);
  if (typeof json.optimal_reserve === 'number') {
    const published = { optimal_reserve: json.optimal_reserve };
    yield publishedRow(section.name, 'optimal reserve', published, { optimal_reserve: best }, PRECISION);
  }
  for (const row of json.rows as readonly Figures[]) {
    const { n, reserve, ...published } = row;
    const name = `${n} bidders${reserve === undefined ? '' : `, reserve ${reserve}`}`;
    const figures = outcomeFigures(section, values, n!, reserve ?? best, published);
    yield publishedRow(section.name, name, published, figures, PRECISION);
  }
}

function outcomeFigures(
  section: Section,
  values: ValueDistribution,
  bidders: number,
  reserve: number,
  published: Figures,
): Figures {
  const { revenue, fill } = secondPriceOutcome(values, bidders, reserve);
  const free = secondPriceOutcome(values, bidders, 0).revenue;
  const figures: Figures = {
    revenue,
    revenue_r0: free,
    revenue_opt: revenue,
    uplift_pct: (revenue / free - 1) * 100,
    fill,
  };
  return Object.fromEntries(
    Object.keys(published).map((name) => [name, figures[name] ?? section.refuse(`publishes "${name}"`)]),
  );
}
