import { ADAPTIVE_TIMEOUT_DEFAULTS } from '../../engine/dsp/adaptive-timeout.ts';
import { BREAKER_DEFAULTS } from '../../engine/dsp/breaker.ts';
import { ROTATION_DEFAULTS } from '../../engine/dsp/rotation.ts';
import { type ConfigSchema, integer, number, section, share } from './kinds.ts';

export const PROTECTION: ConfigSchema = section(
  'How auctions are protected from sick DSPs, and DSPs from us (docs/fan-out.md).',
  {
    enabled: {
      type: 'boolean',
      default: true,
      description:
        'Off: every DSP is called with its configured timeout, however sick it is. For tests of single answers.',
    },
    timeoutQuantile: share(
      ADAPTIVE_TIMEOUT_DEFAULTS.quantile,
      'Share of calls that the adaptive timeout should suffice for.',
    ),
    timeoutHeadroom: number(
      ADAPTIVE_TIMEOUT_DEFAULTS.headroom,
      1,
      10,
      'The timeout is this times that quantile; never above the configured one.',
    ),
    timeoutExplorationShare: share(
      ADAPTIVE_TIMEOUT_DEFAULTS.explorationShare,
      'Share of calls that get the configured timeout all the same, to see the tail.',
    ),
    errorRatioMax: share(BREAKER_DEFAULTS.errorRatioMax, 'The breaker opens above this share of failed calls.'),
    errorWindowMs: integer(BREAKER_DEFAULTS.window.windowMs, 1000, 3_600_000, 'ms of calls that the breaker judges.'),
    backOffMs: integer(
      BREAKER_DEFAULTS.backOffMs,
      100,
      3_600_000,
      'ms of the first back-off; each relapse doubles it.',
    ),
    probeCount: integer(BREAKER_DEFAULTS.probeCount, 1, 100_000, 'Probes that a half-open breaker judges.'),
    probeSuccessRatioMin: share(BREAKER_DEFAULTS.probeSuccessRatioMin, 'Share of them that must succeed to close it.'),
    inTimeRatioMin: share(
      ROTATION_DEFAULTS.inTimeRatioMin,
      'A DSP that answers fewer calls in time leaves the rotation.',
    ),
  },
);
