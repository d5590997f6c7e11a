import type { BidRequest } from '../../openrtb/types.ts';
import type { SeededRandom } from '../random.ts';
import type { Advertiser } from './scenario-schema.ts';

/** One of the DSP's advertisers that the request does not block; null when it blocks all. */
export function chooseAdvertiser(
  advertisers: readonly Advertiser[],
  request: BidRequest,
  random: SeededRandom,
): Advertiser | null {
  const blockedDomains = request.badv ?? [];
  const blockedCategories = request.bcat ?? [];
  if (blockedDomains.length === 0 && blockedCategories.length === 0) return random.pick(advertisers);
  const welcome = advertisers.filter(
    (advertiser) =>
      !blockedDomains.some((blocked) => coversDomain(blocked, advertiser.domain)) &&
      !advertiser.categories.some((category) => blockedCategories.some((blocked) => coversCategory(blocked, category))),
  );
  return welcome.length > 0 ? random.pick(welcome) : null;
}

/** A blocked domain covers its subdomains. */
function coversDomain(blocked: string, domain: string): boolean {
  return domain === blocked || domain.endsWith(`.${blocked}`);
}

/** A blocked parent (IAB9) covers its children (IAB9-30). */
function coversCategory(blocked: string, category: string): boolean {
  return category === blocked || category.startsWith(`${blocked}-`);
}
