/** An engine that is killed while it deletes a user: whoever starts next goes on, and no event is damaged. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ADMIN_TOKEN,
  ANN,
  askAdmin,
  BOB,
  certified,
  filesHolding,
  keyOf,
  PATIENCE_MS,
  USER_SECRET,
} from './support/deletion-rig.ts';
import { freePort } from './support/free-port.ts';
import { COLD, IS_BUILT, type RunningGavel, serveGavel } from './support/gavel-process.ts';
import { adRequest, readStoredEvents } from './support/test-gavel.ts';

let folder: string;
let gavel: RunningGavel | null = null;
let adminUrl: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gavel-deletion-'));
});

afterEach(async () => {
  await kill();
  await rm(folder, { recursive: true, force: true });
});

async function kill(): Promise<void> {
  gavel?.kill('SIGKILL');
  await gavel?.ended;
  gavel = null;
}

async function start(): Promise<void> {
  const port = await freePort();
  adminUrl = `http://127.0.0.1:${port}`;
  gavel = await serveGavel(['--data', folder], {
    ...COLD,
    GAVEL_PRIVACY_DELETIONS: 'true',
    GAVEL_CAMPAIGNS_REFRESH_INTERVAL_MS: '50',
    // On a busy machine it would refuse some.
    GAVEL_ADMISSION_ENABLED: 'false',
    GAVEL_AUCTION_TMAX_DEFAULT_MS: '1000',
    GAVEL_EVENTS_USER_SECRET: USER_SECRET,
    GAVEL_EVENTS_SEGMENT_BYTES_MAX: '10000',
    GAVEL_ADMIN_PORT: String(port),
    GAVEL_ADMIN_TOKEN: ADMIN_TOKEN,
  });
}

/** Of stored events, without their users. */
async function unlinkedEvents(): Promise<string[]> {
  const events = await readStoredEvents(folder);
  return events
    .filter(({ type }) => type !== 'user_deletion')
    .map((event) =>
      JSON.stringify('userKey' in event && event.userKey === keyOf(BOB) ? event : { ...event, userKey: null }),
    );
}

/** An answer without a bid has no body. */
async function post(id: string, ifa: string): Promise<void> {
  await fetch(`${gavel!.url}/openrtb2/auction`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(adRequest(id, { device: { ifa } })),
  });
}

const AUCTIONS = 200;
/** Moments of the work, ms behind the request. */
const KILLED_AFTER_MS = [60, 150];

describe.skipIf(!IS_BUILT)('an engine that is killed while it deletes a user (needs a build: npm run build)', () => {
  it(
    'is followed by one that finishes; every event is there, and nothing of the user',
    async () => {
      await start();
      for (let at = 0; at < AUCTIONS; at += 4) {
        await Promise.all([0, 1, 2, 3].map((each) => post(`r-${at + each}`, each % 2 === 0 ? ANN : BOB)));
      }
      await expect.poll(async () => (await readStoredEvents(folder)).length, { timeout: 30_000 }).toBe(AUCTIONS);
      const before = await unlinkedEvents();
      const { body } = await askAdmin(adminUrl, '/admin/deletions', { kind: 'device', ids: [ANN] });
      for (const afterMs of KILLED_AFTER_MS) {
        await new Promise((resolve) => setTimeout(resolve, afterMs));
        await kill();
        expect(await unlinkedEvents()).toEqual(before);
        await start();
      }
      const { certificate } = await certified(adminUrl, body.id);
      for (const store of ['segments', 'archive']) {
        expect(certificate.stores).toContainEqual(expect.objectContaining({ store, left: 0 }));
      }
      await kill();
      expect(await filesHolding(folder, keyOf(ANN))).toEqual([]);
      expect((await filesHolding(folder, keyOf(BOB))).length).toBeGreaterThan(1);
      expect(await unlinkedEvents()).toEqual(before);
    },
    2 * PATIENCE_MS,
  );
});
