/** Rules between settings that a schema cannot say. */
import { HOUSE } from '../engine/exchange/house-catalogue.ts';
import { rateBetween } from '../openrtb/currency.ts';
import { adminTokens } from './admin-tokens.ts';
import type { Config } from './types.ts';

export interface Inconsistency {
  readonly path: string;
  readonly message: string;
}

/** Without the URL itself, which may hold a secret. */
const NO_URL = 'is no URL that can be called: look at its host and port (up to 65535)';

export function checkConsistency(config: Config): Inconsistency | null {
  return (
    duplicate(config.dsps, 'dsps') ??
    duplicate(config.placements, 'placements') ??
    sharedPort(config) ??
    risingWeights(config) ??
    repeatedFloorRule(config) ??
    unusableHeader(config) ??
    unknownCurrency(config) ??
    uncallableDsp(config) ??
    unparsableDspUrl(config) ??
    unreachableLimits(config) ??
    disorderedLimits(config) ??
    unsignedModel(config) ??
    missingModelServer(config) ??
    unusableModelAddress(config) ??
    silentAlerts(config) ??
    disorderedHorizons(config) ??
    unsharedCampaigns(config) ??
    unsharedBooks(config) ??
    unusableKafka(config) ??
    endlessPreviousKey(config) ??
    shortHourly(config)
  );
}

function duplicate(entries: readonly { readonly id: string }[], name: string): Inconsistency | null {
  const seen = new Set<string>();
  for (const [index, { id }] of entries.entries()) {
    if (seen.has(id)) return { path: `${name}[${index}].id`, message: `"${id}" is there twice; ids must differ` };
    seen.add(id);
  }
  return null;
}

/** Port 0 is a different one each time; without a token the admin listener is not opened. */
function sharedPort({ admin, server }: Config): Inconsistency | null {
  if (adminTokens(admin).length === 0 || admin.port === 0 || admin.port !== server.port) return null;
  return { path: 'admin.port', message: `is server.port, ${server.port}; the admin listener needs a port of its own` };
}

function risingWeights(config: Config): Inconsistency | null {
  for (const [index, { slotWeights }] of config.placements.entries()) {
    const rises = slotWeights?.some((weight, position) => position > 0 && weight > slotWeights[position - 1]!);
    if (rises)
      return { path: `placements[${index}].slotWeights`, message: 'must not rise: the first position is the best' };
  }
  return null;
}

/** Of two floors for the same traffic, which one counts would be chance. */
function repeatedFloorRule({ floors }: Config): Inconsistency | null {
  const indexes = new Map<string, number>();
  for (const [index, { publisherId, placementId, country, size, mediaType }] of floors.entries()) {
    const names = JSON.stringify([publisherId, placementId, country, size, mediaType]);
    const first = indexes.get(names);
    if (first !== undefined) {
      return { path: `floors[${index}]`, message: `names the same as floors[${first}]; one of them must go` };
    }
    indexes.set(names, index);
  }
  return null;
}

/** `token` of RFC 9110 section 5.6.2. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Set by the transport, or decided per connection: a second one would contradict the message that is sent. */
const OWN_HEADER =
  /^(?:host|content-.*|transfer-encoding|connection|keep-alive|upgrade|expect|x-openrtb-version|accept-encoding)$/i;

function unusableHeader({ dsps, estimation }: Config): Inconsistency | null {
  for (const [index, { headers }] of dsps.entries()) {
    const unusable = unusableAmong(headers, `dsps[${index}].headers`);
    if (unusable !== null) return unusable;
  }
  return unusableAmong(estimation.model.remote.headers, 'estimation.model.remote.headers');
}

function unusableAmong(headers: Readonly<Record<string, string>>, path: string): Inconsistency | null {
  for (const name of Object.keys(headers)) {
    // Quoted, since it may hold a line break.
    if (!HEADER_NAME.test(name)) return { path, message: `${JSON.stringify(name)} is no HTTP header name` };
    if (OWN_HEADER.test(name)) return { path: `${path}.${name}`, message: 'is set by the engine itself' };
  }
  return null;
}

function unknownCurrency(config: Config): Inconsistency | null {
  const { currencies, exchange } = config;
  if (rateBetween(currencies, exchange.currency, currencies.base) !== null) return null;
  return { path: 'exchange.currency', message: `"${exchange.currency}" has no rate in currencies.rates` };
}

/** Such a DSP would be skipped in every auction, and nobody would know why. */
function uncallableDsp({ dsps, dspDefaults }: Config): Inconsistency | null {
  const index = dsps.findIndex(({ timeoutMs }) => timeoutMs !== undefined && timeoutMs < dspDefaults.timeoutMsMin);
  if (index === -1) return null;
  return {
    path: `dsps[${index}].timeoutMs`,
    message: `must not be below dspDefaults.timeoutMsMin (${dspDefaults.timeoutMsMin}), or it is never called`,
  };
}

/** The schema knows the form of a URL, not its limits: `http://dsp:99999`. */
function unparsableDspUrl({ dsps }: Config): Inconsistency | null {
  const index = dsps.findIndex(({ url }) => !URL.canParse(url));
  return index === -1 ? null : { path: `dsps[${index}].url`, message: NO_URL };
}

function unreachableLimits(config: Config): Inconsistency | null {
  const { auction, dspDefaults, learnedReserve, events } = config;
  if (auction.tmaxDefaultMs > auction.tmaxMaxMs) {
    return { path: 'auction.tmaxDefaultMs', message: `must not exceed auction.tmaxMaxMs (${auction.tmaxMaxMs})` };
  }
  const callTimeMsMax = auction.tmaxDefaultMs - auction.networkAllowanceMs - auction.decisionReserveMs;
  if (callTimeMsMax < dspDefaults.timeoutMsMin) {
    return {
      path: 'auction.tmaxDefaultMs',
      message: `leaves ${callTimeMsMax} ms for calls, and dspDefaults.timeoutMsMin is ${dspDefaults.timeoutMsMin}`,
    };
  }
  if (dspDefaults.timeoutMsMin > dspDefaults.timeoutMs) {
    return {
      path: 'dspDefaults.timeoutMsMin',
      message: `must not exceed dspDefaults.timeoutMs (${dspDefaults.timeoutMs})`,
    };
  }
  if (events.totalBytesMax < 2 * events.segmentBytesMax) {
    return { path: 'events.totalBytesMax', message: 'must hold two segments (2 x events.segmentBytesMax)' };
  }
  if (learnedReserve.observationsMin > learnedReserve.windowSize) {
    return {
      path: 'learnedReserve.observationsMin',
      message: `must not exceed learnedReserve.windowSize (${learnedReserve.windowSize}), or no reserve is ever learned`,
    };
  }
  return null;
}

function disorderedLimits({ admission }: Config): Inconsistency | null {
  const { limitMin, limitInitial, limitMax } = admission;
  if (limitMin <= limitInitial && limitInitial <= limitMax) return null;
  return { path: 'admission.limitInitial', message: `must lie from limitMin (${limitMin}) to limitMax (${limitMax})` };
}

/** No signature would do, and no model would ever be served. */
function unsignedModel({ estimation }: Config): Inconsistency | null {
  for (const key of ['model', 'conversionModel'] as const) {
    const { source, publicKeys } = estimation[key];
    const isLoaded = source === 'bundle' || (key === 'model' && estimation.model.shadow.directory !== '');
    if (!isLoaded || publicKeys.length > 0) continue;
    return {
      path: `estimation.${key}.publicKeys`,
      message: 'must name the key that signs bundles, or none is ever served',
    };
  }
  return null;
}

function missingModelServer({ estimation: { model } }: Config): Inconsistency | null {
  const { source, remote } = model;
  if (source !== 'remote') return null;
  if (remote.url === '') return { path: 'estimation.model.remote.url', message: 'must say where the model server is' };
  if (remote.callTimeoutMs >= remote.budgetMs) return null;
  return {
    path: 'estimation.model.remote.callTimeoutMs',
    message: `must not be below estimation.model.remote.budgetMs (${remote.budgetMs}), or nobody gets a late answer`,
  };
}

/** Calls go to a path below the URL: what comes after a path would be lost, and a name of dots would lead elsewhere. */
function unusableModelAddress({ estimation: { model } }: Config): Inconsistency | null {
  const { url, model: name } = model.remote;
  const path = 'estimation.model.remote.url';
  if (name === '.' || name === '..') {
    return { path: 'estimation.model.remote.model', message: `must be the name of a model, is "${name}"` };
  }
  if (url === '') return null;
  if (!URL.canParse(url)) return { path, message: NO_URL };
  if (/[?#]/.test(url)) return { path, message: 'must end with its path: no query (?) and no fragment (#)' };
  return null;
}

/** Alerts wait for `clicksMin` clicks, of which a window never has more than outcomes. */
function silentAlerts({ estimation: { quality } }: Config): Inconsistency | null {
  const { windowCount, clicksMin } = quality;
  if (windowCount >= clicksMin) return null;
  return {
    path: 'estimation.quality.windowCount',
    message: `must not be below estimation.quality.clicksMin (${clicksMin}), or no alert ever fires`,
  };
}

function disorderedHorizons({ estimation: { model } }: Config): Inconsistency | null {
  for (const kind of ['exact', 'coarse'] as const) {
    const { localMs, sharedMs, staleMs } = model.cache[kind];
    if (localMs <= sharedMs && sharedMs <= staleMs) continue;
    return { path: `estimation.model.cache.${kind}`, message: 'must not fall from localMs over sharedMs to staleMs' };
  }
  return null;
}

/** Files of a database and budgets in memory are one process's; a Redis grants what one ledger has put there. */
function unsharedCampaigns({ campaigns, server, dsps }: Config): Inconsistency | null {
  const { enabled, databaseUrl, redisUrl, frequency } = campaigns;
  if (!enabled) return null;
  const reserved = dsps.findIndex(({ id }) => id === HOUSE);
  if (reserved !== -1)
    return { path: `dsps[${reserved}].id`, message: `"${HOUSE}" is what campaigns of our own bid under` };
  if (server.workers > 1 && databaseUrl === '') {
    return { path: 'campaigns.databaseUrl', message: 'must name a PostgreSQL: several workers cannot share files' };
  }
  if (server.workers > 1 && redisUrl === '') {
    return { path: 'campaigns.redisUrl', message: 'must name a Redis: several workers share budgets' };
  }
  if (redisUrl === '') return null;
  if (databaseUrl === '') {
    return {
      path: 'campaigns.databaseUrl',
      message: 'must name a PostgreSQL, as campaigns.redisUrl is set: who shares budgets shares the ledger',
    };
  }
  if (frequency.secret !== '') return null;
  return { path: 'campaigns.frequency.secret', message: 'must be set, or each process knows a user by another name' };
}

function unsharedBooks({ campaigns, server, events, privacy }: Config): Inconsistency | null {
  if (!(events.billing || privacy.deletions) || campaigns.databaseUrl !== '' || server.workers === 1) return null;
  return { path: 'campaigns.databaseUrl', message: 'must name a PostgreSQL: several workers cannot share files' };
}

function unusableKafka({ events: { kafka } }: Config): Inconsistency | null {
  const path = 'events.kafka';
  const far = kafka.brokers.split(',').find((broker) => Number(broker.slice(broker.lastIndexOf(':') + 1)) > 65_535);
  if (far !== undefined)
    return { path: `${path}.brokers`, message: `"${far}" has no port that can be called (up to 65535)` };
  if (kafka.tlsCaFile !== '' && !kafka.tls) {
    return { path: `${path}.tlsCaFile`, message: 'is of no use without events.kafka.tls' };
  }
  if (kafka.saslMechanism === 'none' || kafka.saslUsername !== '') return null;
  return { path: `${path}.saslUsername`, message: `must be set for events.kafka.saslMechanism ${kafka.saslMechanism}` };
}

/** A key that was replaced because it leaked would go on for ever; a date that is none would end it at once. */
function endlessPreviousKey({ events: { tracking } }: Config): Inconsistency | null {
  const { previousKey, previousKeyUntil, key } = tracking;
  if (previousKey === '') return null;
  if (previousKey === key) return { path: 'events.tracking.previousKey', message: 'is events.tracking.key itself' };
  if (Number.isFinite(Date.parse(previousKeyUntil))) return null;
  return {
    path: 'events.tracking.previousKeyUntil',
    message: 'must say until when events.tracking.previousKey counts',
  };
}

/** Sums of an hour whose events are there still would be made again and again. */
function shortHourly({ archive }: Config): Inconsistency | null {
  const { rawDays, hourlyDays } = archive;
  if (hourlyDays >= rawDays) return null;
  return { path: 'archive.hourlyDays', message: `is ${hourlyDays}, less than archive.rawDays, ${rawDays}` };
}
