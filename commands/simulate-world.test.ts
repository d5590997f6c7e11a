import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { runCommand } from '../test/support/run-command.ts';
import { simulate } from './simulate.ts';

const folder = mkdtempSync(join(tmpdir(), 'gavel-world-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(text: string): string {
  const path = join(folder, `${text.length}.yaml`);
  writeFileSync(path, text);
  return path;
}

const WORLD = 'name: quick\ndurationSec: 10\nintervalSec: 5\nsettleSec: 1\nmarket: { dsps: 2 }\n';

it('runs a world, says first and last what it was, and writes its record', async () => {
  const world = file(WORLD);
  const out = join(folder, 'run.json');
  const { stdout, code } = await runCommand(simulate, ['--world', world, '--seed', '3', '--out', out]);
  expect(code).toBe(0);
  const record = JSON.parse(readFileSync(out, 'utf8'));
  expect(record).toMatchObject({ kind: 'run', identity: { seed: 3, scenario: 'quick' }, durationMs: 10_000 });
  expect(record.identity.command).toBe(`npm run simulate -- --world ${world} --seed 3`);
  const lines = stdout.trim().split('\n');
  expect(lines.slice(0, 2)).toEqual(lines.slice(-2));
  expect(lines[1]).toBe(`again: ${record.identity.command}`);
  expect(stdout).toContain(record.traceHash);
  const again = await runCommand(simulate, ['--world', world, '--seed', '3', '--json']);
  expect(JSON.parse(again.stdout)).toEqual(record);
});

it.each([
  ['durationSec: 10\n', 'name: is missing'],
  [`${WORLD}weather: fine\n`, ':6: weather: is not a key of a scenario'],
  [`${WORLD}engine: { auction: { decisionReserveMs: -1 } }\n`, 'engine: auction.decisionReserveMs: '],
  [`${WORLD}faults:\n  - { kind: partition, target: home-1, fromSec: 1 }\n`, 'faults[0].otherSide: is missing'],
  [`${WORLD}faults:\n  - { kind: outage, target: redis, fromSec: 11 }\n`, 'is not before the end of the run'],
  [`${WORLD}regions: [{ name: a }, { name: a }]\n`, 'regions[1].name: "a" names two regions'],
])('names file and key of what is wrong: %j', async (text, problem) => {
  const world = file(text);
  const { stderr, code } = await runCommand(simulate, ['--world', world]);
  expect(code).toBe(2);
  expect(stderr).toContain(world);
  expect(stderr).toContain(problem);
});

it('refuses options of real sockets beside a world, and --out without one', async () => {
  const both = await runCommand(simulate, ['--world', file(WORLD), '--rate', '5']);
  expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining('--rate does not go with --world') });
  const out = await runCommand(simulate, ['--out', join(folder, 'x.json')]);
  expect(out).toMatchObject({ code: 2, stderr: expect.stringContaining('--out is for --world') });
});
