/**
 * What an ad goes by in events, tracking URLs, reports and keys of the books: beside its auction's id, a name of its own,
 * whatever publishers take for ids of imps.
 */

import type { Win } from '../auction/types.ts';
import { storable } from '../campaign/storable.ts';

/** Of the imps of one auction. */
export type NamedImps = readonly { readonly id: string; readonly slotWeights: readonly number[] }[];

/**
 * `ID`; `ID#N` for the ad in a further position of the imp, N from 1. An imp whose own id reads like such a position of another one, or
 * ends in `#0`, has `ID#0` in its first. What no database keeps (NUL, lone surrogates) is written as U+FFFD and four hex digits.
 */
export function adImpId({ impId, position }: Pick<Win, 'impId' | 'position'>, imps: NamedImps): string {
  const isPlain = position === 0 && !isTakenForPosition(impId, imps);
  return storable(isPlain ? impId : `${impId}#${position}`);
}

function isTakenForPosition(impId: string, imps: NamedImps): boolean {
  if (!impId.includes('#')) return false;
  return impId.endsWith('#0') || imps.some(({ id, slotWeights }) => isPositionOf(impId, id, slotWeights.length));
}

function isPositionOf(text: string, impId: string, positions: number): boolean {
  if (!text.startsWith(`${impId}#`)) return false;
  const position = text.slice(impId.length + 1);
  return String(Number(position)) === position && Number(position) >= 1 && Number(position) < positions;
}
