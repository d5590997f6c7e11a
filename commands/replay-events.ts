/** Options of `gavel replay` that say which recorded events are read, and who they lead to. */
import { type RecordingPlace, recordedEvents } from '../compose.ts';
import type { Config } from '../config/types.ts';
import type { RecordedEvents } from '../engine/ports/recorded-events.ts';
import type { ReplayWindow } from '../simulator/replay/recorded-auctions.ts';
import type { OptionSpecs } from './options.ts';
import { readingError } from './replay-progress.ts';
import { timeSpan } from './report-window.ts';
import { systemConfig } from './system-config.ts';
import { UsageError } from './usage-error.ts';

export const REPLAY_EVENTS_OPTIONS = {
  data: { type: 'string', value: 'DIR', help: 'data folder of the engine, whose event logs are read (default ./data)' },
  archive: { type: 'string', value: 'DIR', help: 'read the Parquet files of this archive folder instead' },
  kafka: { type: 'string', value: 'BROKERS', help: 'read the topic of events at these brokers instead, host:port,...' },
  'engine-config': { type: 'string', value: 'FILE', help: 'configuration of the engine that recorded them' },
  source: {
    type: 'string',
    value: 'PLACE',
    help: 'log, archive or kafka: read them there, wherever --engine-config says that is',
  },
  from: {
    type: 'string',
    value: 'TIME',
    help: 'auctions from that day (2026-11-21), hour (2026-11-21T14) or moment (2026-11-21T14:30) on, in UTC',
  },
  until: { type: 'string', value: 'TIME', help: 'to the end of that day or hour, or until that moment' },
} as const satisfies OptionSpecs;

export type ReplayEventsOptions = { readonly [K in keyof typeof REPLAY_EVENTS_OPTIONS]?: string };

/** Throws a UsageError when there are none. */
export async function replayedEvents(options: ReplayEventsOptions): Promise<RecordedEvents> {
  const place = placeOf(options);
  const config = recordingConfig(options);
  const events = await recordedEvents(config, place).catch((error: unknown) => {
    throw readingError(error);
  });
  if (events !== null) return events;
  throw new UsageError(`replay: ${missing(config)[place]}`);
}

const PLACES: readonly RecordingPlace[] = ['log', 'archive', 'kafka'];

function placeOf({ archive, kafka, source }: ReplayEventsOptions): RecordingPlace {
  if (source !== undefined && !PLACES.some((place) => place === source)) {
    throw new UsageError(`--source must be one of ${PLACES.join(', ')}, is "${source}"`);
  }
  const places = new Set<string>([
    ...(source === undefined ? [] : [source]),
    ...(archive === undefined ? [] : ['archive']),
    ...(kafka === undefined ? [] : ['kafka']),
  ]);
  if (places.size > 1) throw new UsageError(`replay reads one place at a time, not ${[...places].join(' and ')}`);
  const [place = 'log'] = places;
  return place as RecordingPlace;
}

function missing({ dataDirectory, archive }: Config): Readonly<Record<RecordingPlace, string>> {
  return {
    log: `no event log in ${dataDirectory}; name the engine's folder with --data`,
    archive: `no raw/ in ${archive.folder || `${dataDirectory}/archive`}; name the archive's folder with --archive`,
    kafka: 'no Kafka is configured: name its brokers with --kafka, or set events.kafka.brokers in --engine-config',
  };
}

export function recordingConfig({ data, archive, kafka, 'engine-config': file }: ReplayEventsOptions): Config {
  const config = systemConfig({ ...(file !== undefined && { config: file }), ...(data !== undefined && { data }) }, []);
  return {
    ...config,
    archive: { ...config.archive, ...(archive !== undefined && { folder: archive }) },
    events: { ...config.events, kafka: { ...config.events.kafka, ...(kafka !== undefined && { brokers: kafka }) } },
  };
}

export function noAuctions({ name }: RecordedEvents): UsageError {
  return new UsageError(`replay: no auction of that time in ${name}`);
}

/** All that there is, when nobody says. Throws a UsageError. */
export function replayWindow({ from, until }: ReplayEventsOptions): ReplayWindow {
  const fromMs = from === undefined ? 0 : timeSpan('from', from).startMs;
  const untilMs = until === undefined ? Number.MAX_SAFE_INTEGER : timeSpan('until', until).endMs;
  if (fromMs < untilMs) return { fromMs, untilMs };
  throw new UsageError(`--from must not be behind --until: ${from} is behind ${until}`);
}
