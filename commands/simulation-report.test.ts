import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { dayComparison } from '../simulator/report/page/testing/day-record.ts';
import { smallRecord } from '../simulator/report/page/testing/small-record.ts';
import { report } from './report.ts';
import { UsageError } from './usage-error.ts';

let folder: string;
let printed: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gavel-report-'));
  writeFileSync(join(folder, 'run.json'), JSON.stringify(smallRecord()));
  writeFileSync(join(folder, 'comparison.json'), JSON.stringify(dayComparison(3)));
  printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += text;
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

/** `HERE` is the test's folder. */
function run(line: string): Promise<void> {
  return report(['simulation', ...line.split(' ').map((arg) => arg.replace('HERE', folder))]);
}

it.each([
  'HERE/run.json --out HERE/page.html',
  '--out HERE/page.html HERE/run.json',
  '--out=HERE/page.html HERE/run.json',
])('writes the page: %s', async (line) => {
  await run(line);
  expect(readFileSync(join(folder, 'page.html'), 'utf8').startsWith('<!doctype html>')).toBe(true);
  expect(printed).toBe('');
});

it('prints the page when it is told no file', async () => {
  await run('HERE/run.json');
  expect(printed.startsWith('<!doctype html>')).toBe(true);
});

it('prints what the page says as JSON, beside the page', async () => {
  await run('HERE/run.json --json --out HERE/page.html');
  expect(readFileSync(join(folder, 'page.html'), 'utf8')).toContain('</html>');
  expect(JSON.parse(printed)).toMatchObject({
    kind: 'run',
    headline: 'An hour of 3,000 requests, with dsp-x silent from 10:20 to 10:40',
    judgement: { kind: 'good', text: 'All 2 checks held' },
    identity: { seed: 7 },
    totals: { requests: 3000 },
  });
});

it('prints the findings of a comparison as JSON', async () => {
  await run('HERE/comparison.json --json');
  const { kind, findings } = JSON.parse(printed);
  expect(kind).toBe('comparison');
  expect(findings).toHaveLength(8);
  expect(findings[4]).toMatchObject({ metric: 'latency-p95', arm: 'adaptive timeouts', verdict: 'better' });
});

it.each([
  ['--json', 'report simulation: name the FILE that gavel simulate --world … --out FILE has written'],
  ['HERE/none.json', 'report simulation: HERE/none.json: there is no such file or folder'],
  ['HERE', 'report simulation: HERE: is no file'],
  ['HERE/bad.json', 'report simulation: HERE/bad.json: version: this build of Gavel reads 1, the file has 9'],
  [
    'HERE/run.json --out /nope/page.html',
    'report simulation: --out: /nope/page.html: there is no folder /nope to write to',
  ],
  ['HERE/run.json HERE/comparison.json', "report simulation: Unexpected argument 'HERE/comparison.json'"],
  ['HERE/run.json --pdf', "report simulation: Unknown option '--pdf'"],
])('refuses %s in one line', async (line, message) => {
  writeFileSync(join(folder, 'bad.json'), '{"kind":"run","version":9}');
  const error = await run(line).catch((refusal: unknown) => refusal);
  expect(error).toBeInstanceOf(UsageError);
  const text = (error as Error).message.replaceAll(folder, 'HERE');
  expect(text.startsWith(message)).toBe(true);
  expect(text).not.toContain('\n');
});

it('tells how it is used', async () => {
  await run('--help');
  expect(printed).toContain('Usage: gavel report simulation FILE [options]');
});
