import { join } from 'node:path';
import { keptSecret } from '../adapters/tracking/kept-secret.ts';

/** The same for ever. It stands beside the segments: whoever removes those begins another log. */
export function eventLogId(folder: string): Promise<string> {
  return keptSecret(join(folder, 'log.id'));
}
