/** The version of this build, from package.json: the one place that has it. */
import { readFileSync } from 'node:fs';

function readVersion(): string {
  // Beside the sources, and one folder up from a build.
  for (const path of ['../package.json', '../../package.json']) {
    try {
      return (JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { version: string }).version;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  throw new Error('package.json is missing');
}

export const VERSION = readVersion();
