/** The file of rates that a model server's rows are made with: looked at before anything starts. */
import { readFileSync, statSync } from 'node:fs';
import { readRateTables } from '../engine/estimation/features/rate-tables.ts';
import { ModelFormatError } from '../engine/estimation/models/model-format-error.ts';
import type { Inconsistency } from './consistency.ts';
import type { Config } from './types.ts';

const PATH = 'estimation.model.remote.ratesFile';

/** Null when it can be used, or none is. */
export function checkRatesFile({ estimation: { model } }: Config): Inconsistency | null {
  const file = model.remote.ratesFile;
  if (model.source !== 'remote' || file === '') return null;
  try {
    if (!statSync(file).isFile()) return { path: PATH, message: `${file} is not a regular file` };
    readRateTables(readFileSync(file, 'utf8'));
    return null;
  } catch (error) {
    if (error instanceof ModelFormatError) return { path: PATH, message: `${file} is no rates.json: ${error.message}` };
    return { path: PATH, message: `${file} cannot be read (${(error as NodeJS.ErrnoException).code})` };
  }
}
