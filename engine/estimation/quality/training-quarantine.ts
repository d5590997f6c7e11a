/**
 * Keeps rows that look made up out of training: a log is cut into periods, and what each placement and then each publisher
 * has in a period is judged, in the order of time. Placements come first, and what they lose is no longer their
 * publisher's: so one bad placement does not take its neighbours with it, and a farm spread over many is seen as well.
 */
import type { BidRequest } from '../../../openrtb/types.ts';
import { requestFeatures } from '../../traffic/request-features.ts';
import type { LoggedImpression } from '../features/training-target.ts';
import {
  POISONING_DEFAULTS,
  PoisoningCheck,
  type PoisoningOptions,
  type PoisoningSign,
  type TrainingPeriod,
} from './poisoning.ts';

export const SOURCE_LEVELS = ['placement', 'publisher'] as const;
export type SourceLevel = (typeof SOURCE_LEVELS)[number];

/** A row that is not to be trained with, and why. */
export interface QuarantinedRow {
  readonly impression: LoggedImpression;
  readonly level: SourceLevel;
  /** Publisher, app or site, and at its level the placement, with slashes between. */
  readonly group: string;
  /** Start of the period, epoch ms. */
  readonly periodAtMs: number;
  readonly signs: readonly PoisoningSign[];
}

export interface QuarantineResult {
  /** In the order of the log. */
  readonly clean: readonly LoggedImpression[];
  readonly quarantined: readonly QuarantinedRow[];
}

/** A quarter of a day: rates of night and day are in a history of eight of them, and few groups are too small. */
export const PERIOD_MS = 6 * 3_600_000;

export function quarantineSuspects(
  impressions: readonly LoggedImpression[],
  options: PoisoningOptions = POISONING_DEFAULTS,
): QuarantineResult {
  let clean = impressions;
  const quarantined: QuarantinedRow[] = [];
  for (const level of SOURCE_LEVELS) {
    const suspects = suspectsOf(clean, level, options);
    if (suspects.size === 0) continue;
    quarantined.push(...suspects.values());
    clean = clean.filter((impression) => !suspects.has(impression));
  }
  return { clean, quarantined };
}

function suspectsOf(
  impressions: readonly LoggedImpression[],
  level: SourceLevel,
  options: PoisoningOptions,
): Map<LoggedImpression, QuarantinedRow> {
  const check = new PoisoningCheck(options);
  const suspects = new Map<LoggedImpression, QuarantinedRow>();
  const periods = [...groupedBy(impressions, periodOf)].sort(([a], [b]) => a - b);
  for (const [periodAtMs, ofPeriod] of periods) {
    for (const [group, rows] of groupedBy(ofPeriod, (impression) => groupOf(impression, level))) {
      const signs = check.judge(group, trainingPeriod(rows));
      if (signs.length === 0) continue;
      for (const impression of rows) suspects.set(impression, { impression, level, group, periodAtMs, signs });
    }
  }
  return suspects;
}

function periodOf({ atMs }: LoggedImpression): number {
  return Math.floor(atMs / PERIOD_MS) * PERIOD_MS;
}

function groupOf({ request, imp }: LoggedImpression, level: SourceLevel): string {
  const { publisherId, inventory } = requestFeatures(request);
  const publisher = `${publisherId}/${inventory}`;
  return level === 'placement' ? `${publisher}/${imp.tagid ?? ''}` : publisher;
}

function groupedBy<Key>(
  impressions: readonly LoggedImpression[],
  keyOf: (impression: LoggedImpression) => Key,
): Map<Key, LoggedImpression[]> {
  const groups = new Map<Key, LoggedImpression[]>();
  for (const impression of impressions) {
    const key = keyOf(impression);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [impression]);
    else group.push(impression);
  }
  return groups;
}

function trainingPeriod(rows: readonly LoggedImpression[]): TrainingPeriod {
  const clickTimesMs: number[] = [];
  const clicksBySource = new Map<string, number>();
  for (const { request, clickedAtMs } of rows) {
    if (clickedAtMs === null) continue;
    clickTimesMs.push(clickedAtMs);
    const source = sourceOf(request);
    if (source !== '') clicksBySource.set(source, (clicksBySource.get(source) ?? 0) + 1);
  }
  return { impressions: rows.length, clickTimesMs, clicksBySource };
}

/** What tells clickers apart without naming them: network, place, kind of device. Empty when nothing is known. */
function sourceOf({ device = {} }: BidRequest): string {
  const { geo = {}, sua = {} } = device;
  const parts = [
    networkOf(device.ip ?? device.ipv6 ?? ''),
    geo.country,
    geo.region,
    geo.city,
    device.model,
    device.os,
    sua.platform?.brand,
    sua.browsers?.[0]?.brand,
  ];
  return parts.some((part) => part !== undefined && part !== '') ? parts.join('/') : '';
}

/** IPv4: 24 bits; IPv6: the first three groups as they are written, 48 bits. */
function networkOf(ip: string): string {
  const separator = ip.includes(':') ? ':' : '.';
  return ip.split(separator, 3).join(separator);
}
