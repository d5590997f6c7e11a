/** What an operator reads at the terminal. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VERSION } from '../config/version.ts';
import { COLD, IS_BUILT, type RunningGavel, runGavel, serveGavel } from './support/gavel-process.ts';

describe.skipIf(!IS_BUILT)('the command line (needs a build: npm run build)', () => {
  let folder: string;
  let gavel: RunningGavel | null = null;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gavel-command-line-'));
  });
  afterEach(async () => {
    gavel?.kill('SIGTERM');
    await gavel?.ended;
    gavel = null;
    await rm(folder, { recursive: true, force: true });
  });

  it('says its version', async () => {
    expect(await runGavel(['--version'])).toEqual({ code: 0, stdout: `gavel ${VERSION}\n`, stderr: '' });
  });

  it('warns in one line when there is no DSP to ask', async () => {
    gavel = await serveGavel(['--data', folder], COLD);
    const warnings = () => gavel!.stderr().match(/^gavel: .*$/gm);
    await expect.poll(warnings).toEqual([expect.stringContaining('no DSPs to ask')]);
  });

  it.each([
    ['there is one', ['--with-simulated-dsps', '--dsps', '1'], {}],
    ['campaigns of our own bid', [], { GAVEL_CAMPAIGNS_ENABLED: 'true' }],
  ])(
    'warns of nothing when %s',
    async (_name, args, environment) => {
      gavel = await serveGavel(['--data', folder, ...args], { ...COLD, ...environment });
      gavel.kill('SIGTERM');
      await gavel.ended;
      expect(gavel.stderr()).not.toMatch(/^gavel: /m);
    },
    60_000,
  );

  it('compares two worlds, seed by seed, in processes of their own', async () => {
    const world = 'durationSec: 5\nintervalSec: 5\nsettleSec: 1\nmarket: { dsps: 1 }\n';
    const files = [join(folder, 'one.yaml'), join(folder, 'two.yaml')];
    await writeFile(files[0]!, `name: one\n${world}`);
    await writeFile(files[1]!, `name: two\n${world}traffic: { requestsPerSec: 3 }\n`);
    const args = ['simulate', '--compare', ...files, '--seeds', '2', '--workers', '1', '--json'];
    const { code, stdout } = await runGavel(args, {}, 110_000);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      kind: 'comparison',
      seeds: [1, 2],
      arms: [{ name: 'one' }, { name: 'two' }],
    });
  }, 120_000);
});
