/** The faults of a run as shaded bands that every chart over time has in common. */
import type { FaultSpan } from '../../world/run-record.ts';
import { condition, period } from './fault-words.ts';
import type { LegendEntry } from './figure.ts';
import { COLOURS, type Colour } from './palette.ts';
import { times } from './quantities.ts';
import type { VirtualClock } from './virtual-clock.ts';

export interface FaultBand {
  readonly kind: string;
  readonly colour: Colour;
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface FaultBands {
  readonly bands: readonly FaultBand[];
  readonly legend: readonly LegendEntry[];
  readonly colourOf: (kind: string) => Colour;
}

/** Beyond these, kinds share grey. */
const KIND_COLOURS: readonly Colour[] = [
  COLOURS.red,
  COLOURS.orange,
  COLOURS.purple,
  COLOURS.brown,
  COLOURS.pink,
  COLOURS.olive,
];
const OTHER_KINDS = COLOURS.grey;

/** Faults that a legend names one by one. */
const NAMED_MAX = 6;

/** A chart is 700 points wide: what lies closer together is one band. */
const RESOLUTION = 1 / 700;

export function faultBands(faults: readonly FaultSpan[], clock: VirtualClock): FaultBands {
  const kinds = [...new Set(faults.map(({ kind }) => kind))].sort();
  const colourOf = (kind: string) => KIND_COLOURS[kinds.indexOf(kind)] ?? OTHER_KINDS;
  const within = faults.filter(({ fromMs, untilMs }) => fromMs < clock.spanMs && untilMs > 0);
  const bands = kinds.flatMap((kind) =>
    joined(
      within.filter((fault) => fault.kind === kind),
      clock.spanMs * RESOLUTION,
    ).map(([fromMs, untilMs]) => ({ kind, colour: colourOf(kind), fromMs, untilMs: Math.min(untilMs, clock.spanMs) })),
  );
  return { bands, colourOf, legend: within.length <= NAMED_MAX ? named(within) : byKind(within) };

  function named(spans: readonly FaultSpan[]): LegendEntry[] {
    return spans.map((fault) => ({
      label: `fault: ${condition(fault)} ${period(fault, clock)}`,
      colour: colourOf(fault.kind),
      mark: 'band',
    }));
  }

  function byKind(spans: readonly FaultSpan[]): LegendEntry[] {
    const present = kinds.filter((kind) => spans.some((span) => span.kind === kind));
    const own = present.filter((kind) => colourOf(kind) !== OTHER_KINDS);
    const entries: LegendEntry[] = own.map((kind) => ({
      label: `fault: ${kind} (${times(spans.filter((span) => span.kind === kind).length)})`,
      colour: colourOf(kind),
      mark: 'band',
    }));
    if (own.length < present.length) {
      entries.push({
        label: `${present.length - own.length} more kinds of faults`,
        colour: OTHER_KINDS,
        mark: 'band',
      });
    }
    return entries;
  }
}

/** From and until of spans, in order; those that overlap or lie less than `gapMs` apart are one. */
export function joined(
  spans: readonly { readonly fromMs: number; readonly untilMs: number }[],
  gapMs: number,
): (readonly [number, number])[] {
  const sorted = spans.toSorted((a, b) => a.fromMs - b.fromMs || a.untilMs - b.untilMs);
  const result: [number, number][] = [];
  for (const { fromMs, untilMs } of sorted) {
    const open = result.at(-1);
    if (open !== undefined && fromMs <= open[1] + gapMs) open[1] = Math.max(open[1], untilMs);
    else result.push([fromMs, untilMs]);
  }
  return result;
}
