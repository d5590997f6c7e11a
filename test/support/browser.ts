/** A Chromium that tests look at pages with: `CHROMIUM_PATH`, else the one that the system's package has installed. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Its program; null: there is none here. */
export const CHROMIUM = findChromium();

/** Rejects when there is none, or it does not start. */
export function startChromium(): Promise<Browser> {
  if (CHROMIUM === null) throw new Error('there is no Chromium here: install it, or name it by CHROMIUM_PATH');
  return chromium.launch({ executablePath: CHROMIUM });
}

function findChromium(): string | null {
  const given = process.env.CHROMIUM_PATH;
  if (given !== undefined && given !== '') return given;
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(isProgram) ?? null;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
