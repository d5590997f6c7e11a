import { SHAPER_DEFAULTS } from '../../engine/dsp/shaping/shaper.ts';
import { THRESHOLD_DEFAULTS } from '../../engine/dsp/shaping/threshold.ts';
import { type ConfigSchema, integer, section } from './kinds.ts';

export const SHAPING: ConfigSchema = section(
  'Which calls are worth making: no call that will hardly bring anything (docs/shaping.md).',
  {
    enabled: {
      type: 'boolean',
      default: false,
      description:
        'Off: every DSP is called for every request. On costs a little revenue and needs traffic to learn from.',
    },
    revenueLossMax: {
      type: 'number',
      default: THRESHOLD_DEFAULTS.lossTarget,
      minimum: 0.001,
      maximum: 0.5,
      description: 'Share of the revenue of calling everybody that skipping may cost.',
    },
    explorationShare: {
      type: 'number',
      default: THRESHOLD_DEFAULTS.explorationShare,
      minimum: 0.001,
      maximum: 1,
      description: 'Share of requests on which everybody is called, to learn and to measure the loss.',
    },
    answersMin: integer(
      SHAPER_DEFAULTS.warmUpAnswers,
      50,
      1_000_000,
      'Answers of a DSP before any of its calls is skipped.',
    ),
  },
);
