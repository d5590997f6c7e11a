/** Policies with one budget: `data` is a training log and a log to bid in, `published` by policy its `para` and figures. */
import { type CampaignPolicy, runCampaign } from '../experiment.ts';
import type { PublishedPlaces } from './published-places.ts';
import { type Figures, type PublishedRow, publishedRow } from './published-row.ts';
import type { Section } from './section.ts';
import { tallyFigures } from './tally-figures.ts';

export async function* campaignRows(section: Section, places: PublishedPlaces): AsyncGenerator<PublishedRow> {
  const [train, data] = section.trainAndData;
  const rows = section.figures as ReadonlyMap<CampaignPolicy, Figures>;
  const { tallies } = await runCampaign({
    dataPath: places.log(data),
    trainPath: places.log(train),
    policies: [...rows].map(([name, { para }]) => ({ name, ...(para !== undefined && { para }) })),
    ...section.option('budget', 'budget'),
    ...section.option('budgetShare', 'budget_share'),
    ...section.option('clickValue', 'R'),
    ...section.option('curvature', 'l'),
  });
  for (const [policy, tally] of tallies) {
    const { para: _, ...published } = rows.get(policy)!;
    yield publishedRow(section.name, policy, published, tallyFigures(section, tally, published));
  }
}
