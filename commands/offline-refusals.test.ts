/** What a person gets wrong with the offline commands: one line that says what, where and what would be right. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { writeMatrix } from '../adapters/training-data/npy.ts';
import { bench } from './bench.ts';
import { events } from './events.ts';
import { features } from './features.ts';
import { score } from './score.ts';
import { UsageError } from './usage-error.ts';

const BUNDLE = join(import.meta.dirname, '..', 'config', 'models', 'ctr');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gavel-refusals-'));
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

/** `HERE` is the test's folder. */
async function refusalOf(command: typeof score, line: string): Promise<string> {
  const args = line.split(' ').map((arg) => arg.replace('HERE', folder).replace('BUNDLE', BUNDLE));
  const error = await command(args).catch((refusal: unknown) => refusal);
  expect(error).toBeInstanceOf(UsageError);
  return (error as UsageError).message.replaceAll(folder, 'HERE');
}

it.each([
  ['--bundle /nope --rows HERE/a --out HERE/o', '--bundle: /nope/manifest.json: there is no such file or folder'],
  ['--bundle HERE/edited --rows HERE/a --out HERE/o', '--bundle: HERE/edited: header label_index: is missing'],
  ['--bundle HERE/kind --rows HERE/a --out HERE/o', '--bundle: HERE/kind: manifest.kind: "magic" is not one of gbdt'],
  ['--bundle HERE/text --rows HERE/a --out HERE/o', '--bundle: HERE/text: manifest: is not JSON'],
  ['--bundle HERE/pipes --rows HERE/a --out HERE/o', '--bundle: HERE/pipes/manifest.json: is not a regular file'],
  ['--bundle BUNDLE --rows /etc/passwd --out HERE/o', "--rows: /etc/passwd: is not in NumPy's format"],
  ['--bundle BUNDLE --rows / --out HERE/o', '--rows: /: is not a regular file'],
  ['--bundle BUNDLE --rows HERE/narrow.npy --out HERE/o', '--rows: HERE/narrow.npy: has 3 features a row, and'],
  ['--bundle BUNDLE --rows HERE/a --out /nope/x', '--out: /nope/x: there is no folder /nope to write to'],
  ['--bundle BUNDLE --rows HERE/a --out HERE', '--out: HERE: is a folder'],
])('gavel score %s', async (line, refusal) => {
  writeMatrix(join(folder, 'narrow.npy'), new Float64Array(6), 3);
  for (const name of ['edited', 'kind', 'text']) cpSync(BUNDLE, join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'edited', 'model.txt'), 'tree\nversion=v4\nTree=1\n');
  writeFileSync(join(folder, 'kind', 'manifest.json'), '{"kind":"magic"}');
  writeFileSync(join(folder, 'text', 'manifest.json'), 'two\nlines');
  mkdirSync(join(folder, 'pipes'));
  execFileSync('mkfifo', [join(folder, 'pipes', 'manifest.json')]);
  const message = await refusalOf(score, line);
  expect(message).not.toContain('\n');
  expect(message.startsWith('score: --')).toBe(true);
  expect(message).toContain(refusal);
});

it.each([
  ['--ipinyou /nope --out HERE/o', '--ipinyou: /nope: there is no such file or folder'],
  ['--ipinyou HERE/logs --out HERE/o', '--ipinyou: HERE/logs/clk.1.tsv.gz: cannot be unpacked'],
  ['--simulate 9 --rates /etc/passwd --out HERE/o', '--rates: /etc/passwd: rates'],
  ['--simulate 9 --rates /nope --out HERE/o', '--rates: /nope: there is no such file or folder'],
  ['--simulate 9 --quarantine /nope/x --out HERE/o', '--quarantine: /nope/x: there is no folder /nope to write to'],
  ['--simulate 9 --exclude /nope --out HERE/o', '--exclude: /nope: there is no such file or folder'],
  ['--simulate 9 --out /proc/x', '--out: /proc/x: '],
  ['--simulate 9 --out /proc/x/y/z', '--out: /proc/x: '],
  ['--simulate 9 --out /etc/passwd', '--out: /etc/passwd: is there already, and is no folder'],
  ['--simulate 9 --out /etc/passwd/x', '--out: /etc/passwd/x: leads through a file'],
  ['--simulate 9 --device coarse --out HERE/o', '--device has no meaning with --simulate'],
  ['--ipinyou HERE --seed 3 --out HERE/o', '--seed has no meaning with --ipinyou'],
  ['--simulate 9 --rates HERE/r --folds 3 --out HERE/o', '--folds has no meaning with --rates'],
  ['--simulate 9 --days 20130609-20130606 --out HERE/o', '--days: 20130609-20130606 ends before it begins'],
  ['--simulate -3 --out HERE/o', '--simulate must be a whole number from 1 to 10000000, is "-3"'],
])('gavel features %s', async (line, refusal) => {
  mkdirSync(join(folder, 'logs'));
  writeFileSync(join(folder, 'logs', 'clk.1.tsv.gz'), 'no gzip');
  const message = await refusalOf(features, line);
  expect(message).toContain(refusal);
  expect(message).not.toContain('\n');
});

it('gavel events and gavel bench', async () => {
  expect(await refusalOf(events, '--data /etc/passwd')).toContain('events: --data: /etc/passwd: leads through a file');
  expect(await refusalOf(bench, '--profile /nope/x')).toContain('bench: --profile: /nope/x: there is no folder /nope');
});
