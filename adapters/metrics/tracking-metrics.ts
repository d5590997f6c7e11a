/** Metrics of tracking URLs: those put into markup, and those that came back (meaning: docs/metrics.md). */
import type { Registry } from 'prom-client';
import type { MarkupKind } from '../../engine/markup/markup-template.ts';
import { TRACKED_CODES, type TrackedCode } from '../../engine/markup/tracked-codes.ts';
import type { TrackingResult } from '../../engine/tracking/tracking-desk.ts';
import { Counter, type CounterCell, cellsBy } from './counter.ts';
import { register } from './exposition.ts';

const KINDS = ['html', 'vast', 'daast', 'native'] as const satisfies readonly MarkupKind[];
const RESULTS = [
  'stored',
  'duplicate',
  'prefetched',
  'malformed',
  'forged',
  'retired-key',
  'expired',
  'overloaded',
  'not-stored',
] as const satisfies readonly TrackingResult[];

type ByResult = Readonly<Record<TrackingResult, CounterCell>>;

export class TrackingMetrics {
  readonly #told: ReadonlyMap<TrackedCode | null, ByResult>;
  readonly #markup;
  readonly #refused: CounterCell;

  constructor(registry: Registry) {
    const counter = (name: string, help: string) => register(registry, new Counter(name, help));
    const told = counter('rtb_tracking_events_total', 'Tracking URLs that were called, by what came of it.');
    this.#told = new Map(
      [...TRACKED_CODES, null].map((code) => [code, cellsBy(told, 'result', RESULTS, { type: code ?? 'unknown' })]),
    );
    const markup = counter(
      'rtb_tracking_markup_total',
      'Markup of winners, by whether tracking URLs were put into it.',
    );
    this.#markup = Object.fromEntries(
      KINDS.map((kind) => [kind, cellsBy(markup, 'result', ['tracked', 'left-alone'], { kind })]),
    ) as Record<MarkupKind, Readonly<Record<'tracked' | 'left-alone', CounterCell>>>;
    this.#refused = counter(
      'rtb_tracking_requests_refused_total',
      'Requests to /event without a token to read.',
    ).cell();
  }

  readonly onResult = (code: TrackedCode | null, result: TrackingResult): void => this.#told.get(code)![result].add();
  readonly onMarkup = (kind: MarkupKind, result: 'tracked' | 'left-alone'): void => this.#markup[kind][result].add();
  readonly onRequestRefused = (): void => this.#refused.add();
}
