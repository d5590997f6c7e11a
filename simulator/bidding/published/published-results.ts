/** Runs every experiment of a file of published results again. The shapes of its sections are in docs/bidding.md. */
import { BiddingError } from '../bidding-error.ts';
import { CAMPAIGN_POLICIES, EPISODE_POLICIES } from '../experiment.ts';
import { campaignRows } from './campaign-section.ts';
import { controlRows } from './control-section.ts';
import { campaignSetRows, episodeRows } from './episode-section.ts';
import type { PublishedPlaces } from './published-places.ts';
import type { PublishedRow } from './published-row.ts';
import { isObject, Section } from './section.ts';
import { isTheory, theoryRows } from './theory-section.ts';

/** Rows as they are done, in the order of the file. Throws a BiddingError for a section that it cannot read. */
export async function* reproduce(results: unknown, places: PublishedPlaces): AsyncGenerator<PublishedRow> {
  if (!isObject(results))
    throw new BiddingError('the file of results must be a JSON object with a section by experiment');
  const sections = Object.entries(results).filter(([, json]) => typeof json !== 'string');
  if (sections.length === 0) throw new BiddingError('the file of results has no section');
  for (const [name, json] of sections) {
    if (!isObject(json)) throw new BiddingError(`section "${name}" is no object`);
    const section = new Section(name, json);
    yield* rowsOf(section)(section, places);
  }
}

type SectionRows = (section: Section, places: PublishedPlaces) => AsyncIterable<PublishedRow> | Iterable<PublishedRow>;

/** Sections are told apart by what was published, not by their names. */
function rowsOf(section: Section): SectionRows {
  const { json } = section;
  if (isTheory(section)) return theoryRows;
  if (isObject(json.results)) return campaignSetRows;
  if (isObject(json.published)) {
    const [policies, values] = [Object.keys(json.published), Object.values(json.published)];
    if (values.every(Array.isArray)) return controlRows;
    if (policies.every((name) => isOneOf(EPISODE_POLICIES, name))) return episodeRows;
    if (policies.every((name) => isOneOf(CAMPAIGN_POLICIES, name))) return campaignRows;
  }
  return section.refuse(
    `has none of the known shapes: "published" of the policies ${EPISODE_POLICIES.join(', ')} or ${CAMPAIGN_POLICIES.join(', ')}, "published" traces of cost per click, "results" by campaign, or "rows" of revenue`,
  );
}

function isOneOf(names: readonly string[], name: string): boolean {
  return names.includes(name);
}
