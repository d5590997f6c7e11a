import { type ConfigSchema, integer, MIB, section } from './kinds.ts';

export const ARCHIVE: ConfigSchema = section('Events as Parquet files, and the reports over them (docs/archive.md).', {
  enabled: { type: 'boolean', default: true, description: 'Whether events are archived.' },
  besideEngine: {
    type: 'boolean',
    default: true,
    description:
      'Whether `gavel serve` starts a process that archives from its log. Otherwise, and always with Kafka, it is for `gavel consume`.',
  },
  folder: {
    type: 'string',
    default: '',
    description: 'Where the files are. Empty: `archive` in the data folder.',
  },
  flushMs: integer(10_000, 100, 600_000, 'ms that an event waits, at most, to be written with others.'),
  flushRows: integer(100_000, 1, 10_000_000, 'Events that are written at the latest when so many wait.'),
  flushBytes: integer(32 * MIB, 1024, 1024 * MIB, 'Bytes of events that are written at the latest when so many wait.'),
  reconcile: {
    type: 'boolean',
    default: true,
    description:
      'Whether whoever bills events compares each hour of the archive with the books, shortly after its end (docs/reconciliation.md). Of several, one is enough.',
  },
  rawDays: integer(7, 1, 3650, 'Days that events are kept as they are.'),
  hourlyDays: integer(90, 1, 3650, 'Days that their sums by hour are kept, not fewer than `rawDays`.'),
  threads: integer(1, 1, 64, 'Threads that write, sum up and report.'),
  memoryBytesMax: integer(
    256 * MIB,
    64 * MIB,
    1024 * 1024 * MIB,
    'Memory of each process that does; what does not fit goes to the disk.',
  ),
});
