/** What tests of deletions ask the admin listener, and how they look for what is left of a user. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { userKey } from '../../adapters/frequency/user-key.ts';
import type { Queryable } from '../../adapters/ledger/database.ts';
import { deviceUserId } from '../../engine/budget/frequency/user-id.ts';
import { eventually } from './house-campaigns.ts';
import { type AdAnswer, bidsOf } from './test-gavel.ts';

export const ANN = '6d92078a-8246-4ba4-ae5b-76104861e7dc';
export const BOB = '0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9';
export const USER_SECRET = 'a-secret-of-the-users-of-this-test';
export const CAP_SECRET = 'a-secret-of-the-caps-of-this-test';
export const ADMIN_TOKEN = 'a-token-of-some-length';

/** PGlite takes its time to start on a busy machine, and so do processes. */
export const PATIENCE_MS = 120_000;

export const keyOf = (ifa: string): string => userKey(deviceUserId(ifa)!, USER_SECRET);
export const capKeyOf = (ifa: string): string => userKey(deviceUserId(ifa)!, CAP_SECRET);

export interface AdminAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: JSON, which tests look into.
  readonly body: any;
}

/** Of the listener at `url`. */
export async function askAdmin(
  url: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<AdminAnswer> {
  const json: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
  const answer = await fetch(`${url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, ...json, ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
}

/** The request once it is over. */
export function certified(url: string, id: string): Promise<AdminAnswer['body']> {
  return eventually(async () => {
    const { body } = await askAdmin(url, `/admin/deletions/${id}`);
    expect(body).toMatchObject({ state: 'certified', waitsFor: [] });
    return body;
  }, PATIENCE_MS / 2);
}

/** The first tracking URL in the markup of the winner. */
export function beaconOf(answer: AdAnswer): string {
  return bidsOf(answer)[0]!.adm!.match(/https?:\/\/[^\s"'<>\]\\]+\/event\?t=[A-Za-z0-9_-]+/)![0];
}

/** As `grep -r` finds them. */
export async function filesHolding(folder: string, text: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    // What is written meanwhile may be renamed or removed.
    const bytes = await readFile(path).catch(() => null);
    if (bytes?.includes(text)) found.push(path);
  }
  return found;
}

/** Rows of any table, with `bytea` as its bytes too. */
export async function rowsHolding(database: Queryable, text: string): Promise<string[]> {
  const columns = await database.query<{ table_name: string; column_name: string; data_type: string }>(
    `SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = current_schema()`,
  );
  const found: string[] = [];
  for (const { table_name: table, column_name: column, data_type: type } of columns) {
    const asText = type === 'bytea' ? `encode("${column}", 'escape')` : `"${column}"::text`;
    const rows = await database.query(`SELECT 1 FROM "${table}" WHERE strpos(${asText}, $1) > 0`, [text]);
    if (rows.length > 0) found.push(`${table}.${column}`);
  }
  return found;
}
