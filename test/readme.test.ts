/** The newcomer's first minute: what `npm start` runs, and the examples that it says to try. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IS_BUILT, type RunningGavel, serveGavel } from './support/gavel-process.ts';
import { bidsOf, postAdRequest } from './support/test-gavel.ts';

const EXAMPLES = fileURLToPath(new URL('../config/examples/requests', import.meta.url));

/** `curl -d` without a header of its own. */
const AS_CURL_SENDS_IT = { 'content-type': 'application/x-www-form-urlencoded' };

describe.skipIf(!IS_BUILT)('the examples, with 50 simulated DSPs (needs a build: npm run build)', () => {
  let gavel: RunningGavel;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gavel-readme-'));
    gavel = await serveGavel(['--data', folder, '--with-simulated-dsps']);
  });
  afterAll(async () => {
    gavel?.kill('SIGTERM');
    await gavel?.ended;
    await rm(folder, { recursive: true, force: true });
  });

  it('all return a winning bid', async () => {
    const names = await readdir(EXAMPLES);
    expect(names).toContain('banner-app.json');
    for (const name of names) {
      const answer = await postAdRequest(gavel.url, await readFile(join(EXAMPLES, name)), {
        headers: AS_CURL_SENDS_IT,
      });
      expect(answer, name).toMatchObject({ status: 200, body: { id: expect.stringMatching(/^example-/) } });
      expect(bidsOf(answer).length, name).toBeGreaterThan(0);
      for (const bid of bidsOf(answer)) expect(bid.price, name).toBeGreaterThan(0);
    }
  });
});
