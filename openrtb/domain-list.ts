/** Lists of domains (`badv`, `wadomain`, `adomain`) as they are compared. */
import { bareHost, isBareHost } from './hosts.ts';
import { REQUEST_LIMITS } from './json-guard.ts';
import type { MessageReading } from './message-reading.ts';
import type { RuleCode } from './policy.ts';

const ITEMS_MAX = REQUEST_LIMITS.arrayItemsMax;

/** The hosts of the list at `key`; none when nothing in it names one. Reports `notBare` when the list was not all hosts. */
export function readDomains(
  domains: readonly string[],
  key: string,
  notBare: RuleCode,
  reading: MessageReading,
): readonly string[] {
  const separate = domains.some(isJoined) ? separateDomains(domains, key, reading) : domains;
  if (separate.every(isBareHost)) return separate;
  reading.report(notBare, 'must hold lower-case hosts; reduced to hosts', key);
  return separate.map(bareHost).filter((host) => host !== '');
}

/** No host holds a comma, and a list in one text would match nothing. */
function isJoined(domain: string): boolean {
  return domain.includes(',');
}

function separateDomains(domains: readonly string[], key: string, reading: MessageReading): readonly string[] {
  reading.report('joined-domains', 'must be a list of single domains; split at the commas', key);
  const separate: string[] = [];
  for (const domain of domains) {
    for (const part of domain.split(',', ITEMS_MAX + 1)) {
      const host = part.trim();
      if (host !== '') separate.push(host);
    }
    if (separate.length <= ITEMS_MAX) continue;
    // The guard of the message could not see them. Cutting the list would lift a block or hide an advertiser.
    reading.report('too-many-items', `holds more than ${ITEMS_MAX} domains`, key);
    return [];
  }
  return separate;
}
