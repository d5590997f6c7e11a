/** Creatives of our own as they are served, cut when they are loaded. */

import { withCreativeMacros } from './creative-macros.ts';
import { type MarkupKind, type MarkupTemplate, trackedTemplate, untrackedTemplate } from './markup-template.ts';
import type { PlaybackPoint } from './tracked-codes.ts';

export interface CreativeTemplates {
  readonly kind: MarkupKind;
  /** For requests that ask for native `eventtrackers`. */
  readonly eventTrackers: MarkupTemplate;
  /** For all others; the same one where native is not concerned. */
  readonly plain: MarkupTemplate;
}

export function creativeTemplates(
  markup: string,
  kind: MarkupKind,
  playbackPoints: readonly PlaybackPoint[],
): CreativeTemplates {
  const cut = (hasEventTrackers: boolean): MarkupTemplate =>
    withCreativeMacros(
      trackedTemplate(markup, kind, { playbackPoints, hasEventTrackers }) ?? untrackedTemplate(markup),
    );
  const plain = cut(false);
  return { kind, plain, eventTrackers: kind === 'native' ? cut(true) : plain };
}
