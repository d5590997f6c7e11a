/** The file of rates that a model server's rows are made with: looked at before anything starts. */
import { readFileSync, statSync } from 'node:fs';
import { emptyRateTables, type RateTables, readRateTables } from '../engine/estimation/features/rate-tables.ts';
import { ModelFormatError } from '../engine/estimation/models/model-format-error.ts';
import type { Inconsistency } from './consistency.ts';
import type { Config } from './types.ts';

export const RATES_FILE_PATH = 'estimation.model.remote.ratesFile';

/** Null when it can be used, or none is. */
export function checkRatesFile({ estimation: { model } }: Config): Inconsistency | null {
  if (model.source !== 'remote') return null;
  try {
    readRates(model.remote.ratesFile);
    return null;
  } catch (error) {
    if (error instanceof RatesFileError) return { path: RATES_FILE_PATH, message: error.message };
    throw error;
  }
}

/** Without a file every rate is average. Throws a `RatesFileError`. */
export function readRates(file: string): RateTables {
  if (file === '') return emptyRateTables();
  try {
    if (!statSync(file).isFile()) throw new RatesFileError(`${file} is not a regular file`);
    return readRateTables(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof RatesFileError) throw error;
    if (error instanceof ModelFormatError) throw new RatesFileError(`${file} is no rates.json: ${error.message}`);
    throw new RatesFileError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** The message names the file and what is wrong with it. */
export class RatesFileError extends Error {
  override readonly name = 'RatesFileError';
}
