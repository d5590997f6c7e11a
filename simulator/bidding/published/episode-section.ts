/** Policies with a budget by episode: one campaign, or the same for several. */
import { basename } from 'node:path';
import { EPISODE_POLICIES, type EpisodePolicy, runEpisodes, type TrainFigures } from '../experiment.ts';
import { totalsOf } from '../log-totals.ts';
import { campaignPrices, campaignTotals } from './campaign-tables.ts';
import type { PublishedPlaces } from './published-places.ts';
import { type Figures, type PublishedRow, publishedRow } from './published-row.ts';
import { isObject, type Section } from './section.ts';
import { tallyFigures } from './tally-figures.ts';

/** `data` is the log of one campaign, or the one it was trained with and then its own; `published` has figures by policy. */
export async function* episodeRows(section: Section, places: PublishedPlaces): AsyncGenerator<PublishedRow> {
  const path = section.data.at(-1)!;
  yield* campaignRows(section, places, { campaign: campaignOf(section, path), path, figures: section.figures });
}

/** `data` has `<adv>` in place of the campaign, `results` by campaign its budget `B` and lists of figures, as `columns` says. */
export async function* campaignSetRows(section: Section, places: PublishedPlaces): AsyncGenerator<PublishedRow> {
  const columns = Array.isArray(section.json.columns)
    ? section.json.columns.map(String)
    : section.refuse('has no "columns"');
  for (const [campaign, value] of Object.entries(section.object('results'))) {
    const results = isObject(value) ? value : section.refuse(`has no results of campaign ${campaign}`);
    const { B: budget, ...byPolicy } = results;
    const figures = new Map(
      Object.entries(byPolicy).map(([policy, values]) => [policy, listed(section, columns, values)]),
    );
    const path = section.data.at(-1)!.replace(/<\w+>/, campaign);
    yield* campaignRows(section, places, {
      campaign,
      path,
      figures,
      ...(typeof budget === 'number' && { budget }),
    });
  }
}

interface CampaignOfSection {
  readonly campaign: string;
  readonly path: string;
  readonly figures: ReadonlyMap<string, Figures>;
  readonly budget?: number;
}

async function* campaignRows(
  section: Section,
  places: PublishedPlaces,
  { campaign, path, figures, budget = section.setting('B') }: CampaignOfSection,
): AsyncGenerator<PublishedRow> {
  const policies = [...figures.keys()].map((policy) => known(section, policy));
  const result = await runEpisodes({
    dataPath: places.log(path),
    policies,
    train: await trainFigures(section, places, campaign, policies),
    // A budget that was published without the share it came from is taken as it is; with it, it is computed and compared.
    ...(budget !== undefined && section.setting('c0') === undefined && { budget }),
    ...section.option('episodeAuctions', 'N'),
    ...section.option('budgetShare', 'c0'),
    ...section.option('bidMax', 'max_bid'),
    ...section.option('bidAtAverage', 'b0'),
  });
  if (budget !== undefined) {
    yield publishedRow(section.name, `${campaign} budget`, { B: budget }, { B: result.budget });
  }
  for (const [policy, tally] of result.tallies) {
    const published = figures.get(policy)!;
    yield publishedRow(section.name, `${campaign} ${policy}`, published, tallyFigures(section, tally, published));
  }
}

/** Those that the section names, else those of its training log, else those of the tables of campaigns. */
async function trainFigures(
  section: Section,
  places: PublishedPlaces,
  campaign: string,
  policies: readonly EpisodePolicy[],
): Promise<TrainFigures> {
  const [cost, auctions, clicks] = ['cost_train', 'imp_train', 'clk_train'].map((name) => section.setting(name));
  const isNamed = cost !== undefined && auctions !== undefined && clicks !== undefined;
  const [log] = section.data.length > 1 ? section.data : [];
  const train = log === undefined ? null : await totalsOf(places.log(log));
  const totals = isNamed ? { cost, auctions, clicks } : (train ?? campaignTotals(places.datasets, campaign));
  if (!policies.some((policy) => policy === 'rlb' || policy === 'ss_mdp')) return totals;
  return { ...totals, priceCounts: train?.priceCounts ?? campaignPrices(places.datasets, campaign) };
}

/** The part of the log's name in front of its first full stop. */
function campaignOf({ json }: Section, path: string): string {
  const named = isObject(json.params) ? json.params.campaign : undefined;
  return named === undefined ? basename(path).split('.', 1)[0]! : String(named);
}

function known(section: Section, policy: string): EpisodePolicy {
  return (
    EPISODE_POLICIES.find((name) => name === policy) ??
    section.refuse(`has results of "${policy}", known are ${EPISODE_POLICIES.join(', ')}`)
  );
}

function listed(section: Section, columns: readonly string[], value: unknown): Figures {
  const figures: readonly unknown[] =
    Array.isArray(value) && value.length === columns.length
      ? value
      : section.refuse(`must have lists of ${columns.length} figures, as its "columns"`);
  return Object.fromEntries(columns.map((name, at) => [name, Number(figures[at])]));
}
