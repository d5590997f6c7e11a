/**
 * Configured floor rules. A rule names some of publisher, placement, country, size and media type; what it leaves out
 * matches everything. The most specific matching rule wins: the one that names more dimensions, and of two that name
 * equally many the one whose most important dimension counts more, in the order placement, publisher, country, size,
 * media type. Of two rules with the same key the higher floor counts.
 */
import type { MediaType, Size } from './types.ts';

export interface FloorRule {
  readonly publisherId: string | null;
  readonly placementId: string | null;
  /** Upper-case ISO 3166-1 alpha-3, as in `device.geo.country`. */
  readonly country: string | null;
  readonly size: Size | null;
  readonly mediaType: MediaType | null;
  /** Auction currency. */
  readonly floorCpmMicros: number;
}

/** What is sold; null where unknown, which only rules that leave the dimension out match. */
export interface FloorQuery {
  readonly publisherId: string | null;
  readonly placementId: string | null;
  readonly country: string | null;
  readonly size: Size | null;
  readonly mediaType: MediaType | null;
}

/** Compiled rules: one hash lookup per combination of dimensions that some rule uses, at most 32. */
export interface FloorTable {
  readonly levels: readonly FloorLevel[];
}

interface FloorLevel {
  /** Bit set of the dimensions named. */
  readonly dimensions: number;
  readonly floorByKey: ReadonlyMap<string, number>;
}

/** Higher bit, more important. */
const Dimension = { Placement: 16, Publisher: 8, Country: 4, Size: 2, Media: 1 } as const;

export function compileFloorRules(rules: readonly FloorRule[]): FloorTable {
  const floorsByDimensions = new Map<number, Map<string, number>>();
  for (const rule of rules) {
    const dimensions = dimensionsOf(rule);
    let floors = floorsByDimensions.get(dimensions);
    if (floors === undefined) {
      floors = new Map();
      floorsByDimensions.set(dimensions, floors);
    }
    const key = keyOf(rule, dimensions);
    floors.set(key, Math.max(rule.floorCpmMicros, floors.get(key) ?? 0));
  }
  const levels: FloorLevel[] = [];
  for (const [dimensions, floorByKey] of floorsByDimensions) levels.push({ dimensions, floorByKey });
  levels.sort((a, b) => countOf(b.dimensions) - countOf(a.dimensions) || b.dimensions - a.dimensions);
  return { levels };
}

/** Micros per mille in the auction currency; 0 when no rule matches. */
export function floorFor(table: FloorTable, query: FloorQuery): number {
  const known = dimensionsOf(query);
  for (const { dimensions, floorByKey } of table.levels) {
    if ((dimensions & known) !== dimensions) continue;
    const floor = floorByKey.get(keyOf(query, dimensions));
    if (floor !== undefined) return floor;
  }
  return 0;
}

function dimensionsOf(query: FloorQuery): number {
  let dimensions = 0;
  if (query.placementId !== null) dimensions |= Dimension.Placement;
  if (query.publisherId !== null) dimensions |= Dimension.Publisher;
  if (query.country !== null) dimensions |= Dimension.Country;
  if (query.size !== null) dimensions |= Dimension.Size;
  if (query.mediaType !== null) dimensions |= Dimension.Media;
  return dimensions;
}

/** Values of the named dimensions. The separator is a control character that ids do not hold. */
function keyOf(query: FloorQuery, dimensions: number): string {
  let key = '';
  if (dimensions & Dimension.Placement) key += `${query.placementId}\u001f`;
  if (dimensions & Dimension.Publisher) key += `${query.publisherId}\u001f`;
  if (dimensions & Dimension.Country) key += `${query.country}\u001f`;
  if (dimensions & Dimension.Size) key += `${query.size!.w}x${query.size!.h}\u001f`;
  if (dimensions & Dimension.Media) key += query.mediaType;
  return key;
}

function countOf(dimensions: number): number {
  let count = 0;
  for (let rest = dimensions; rest !== 0; rest &= rest - 1) count++;
  return count;
}
