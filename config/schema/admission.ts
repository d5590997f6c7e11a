import { ADMISSION_DEFAULTS } from '../../engine/traffic/admission/defaults.ts';
import { HEAP_SHARE_FREE } from '../../engine/traffic/admission/utilisation.ts';
import { type ConfigSchema, integer, number, section, share } from './kinds.ts';

export const ADMISSION: ConfigSchema = section(
  'When ad requests are refused, so that those taken are answered in time (docs/overload.md).',
  {
    enabled: {
      type: 'boolean',
      default: true,
      description: 'Off: everything is taken, whatever becomes of it.',
    },
    limitInitial: integer(
      ADMISSION_DEFAULTS.concurrency.limitInitial,
      1,
      100_000,
      'Auctions that may be under way before the limit has learned; higher, a first burst finds no limit.',
    ),
    limitMin: integer(
      ADMISSION_DEFAULTS.concurrency.limitMin,
      1,
      100_000,
      'Least limit: with fewer under way the CPU idles while DSPs are waited for.',
    ),
    limitMax: integer(
      ADMISSION_DEFAULTS.concurrency.limitMax,
      1,
      100_000,
      'Largest limit: each auction under way holds memory.',
    ),
    latencyRatioMax: number(
      ADMISSION_DEFAULTS.concurrency.latencyRatioMax,
      1.05,
      10,
      'Own latency over its baseline that is no reason to shrink the limit; higher trades latency for goodput.',
    ),
    burstMax: integer(
      ADMISSION_DEFAULTS.burst.creditMax,
      0,
      100_000,
      'Requests let in above the limits before the first is refused; calm brings them back.',
    ),
    loopDelayMsMax: number(
      ADMISSION_DEFAULTS.pressure.loopDelayMsMax,
      1,
      1000,
      'ms an arrival waits for the event loop when the process is full.',
    ),
    queueAgeMsMax: number(
      ADMISSION_DEFAULTS.pressure.queueAgeMsMax,
      1,
      1000,
      'ms the oldest request waits for its first step when the process is full.',
    ),
    heapShareShed: {
      type: 'number',
      default: ADMISSION_DEFAULTS.pressure.heapShareShed,
      exclusiveMinimum: HEAP_SHARE_FREE,
      maximum: 1,
      description: 'Used share of the heap limit from which requests are refused.',
    },
    dwellMs: integer(
      ADMISSION_DEFAULTS.zones.dwellMs,
      0,
      600_000,
      'ms a zone is kept before it may be left downwards; shorter, the level swings.',
    ),
    valuedQuantile: share(
      ADMISSION_DEFAULTS.valued.quantile,
      'Requests worth more than this quantile of the latest are kept when others are refused.',
    ),
  },
);
