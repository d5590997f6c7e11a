import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { features } from './features.ts';

let folder: string;
let stderr: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gavel-features-'));
  stderr = '';
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += text;
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const file = (name: string): string => join(folder, name);

/** Clicks of one user on one slot, each a minute after the other, among impressions of others. */
function writeLogs(): void {
  const row = (id: string, time: string, slot: string): string => {
    const columns = Array.from({ length: 24 }, () => 'x');
    return Object.assign(columns, { 0: id, 1: time, 6: '94', 7: '95', 12: slot, 13: '300', 14: '250', 17: '0' }).join(
      '\t',
    );
  };
  const times = Array.from({ length: 40 }, (_, index) => `2013060608${String(index).padStart(2, '0')}00000`);
  writeFileSync(file('clk.1.tsv'), times.map((time, index) => `${row(`click-${index}`, time, 'farm')}\n`).join(''));
  writeFileSync(file('imp.1.tsv'), times.map((time, index) => `${row(`shown-${index}`, time, 'fair')}\n`).join(''));
}

describe('gavel features --quarantine', () => {
  it('puts rows away that look made up, says why, and another run leaves out the same', async () => {
    writeLogs();
    await features([
      '--ipinyou',
      folder,
      '--rates',
      ratesFile(),
      '--quarantine',
      file('q.ndjson'),
      '--out',
      file('kept'),
    ]);
    const lines = readFileSync(file('q.ndjson'), 'utf8').trim().split('\n');
    expect(lines).toHaveLength(40);
    expect(JSON.parse(lines[0]!)).toEqual({
      id: 'click-0',
      day: '20130606',
      level: 'placement',
      group: '/x/farm',
      period: '2013-06-06T00:00:00.000Z',
      reasons: ['source-entropy', 'uniform-intervals'],
    });
    const rows = readFileSync(file('kept/rows.csv'), 'utf8');
    expect(rows).toContain('shown-0,');
    expect(rows).not.toContain('click-');
    expect(stderr).toBe('quarantine: 40 of 80 rows, 40 of them clicked (source-entropy 40, uniform-intervals 40)\n');
    await features([
      '--ipinyou',
      folder,
      '--rates',
      ratesFile(),
      '--exclude',
      file('q.ndjson'),
      '--out',
      file('again'),
    ]);
    expect(readFileSync(file('again/rows.csv'), 'utf8')).toBe(rows);
  });

  it('writes an empty file when there is nothing to put away', async () => {
    await features([
      '--simulate',
      '200',
      '--rates',
      ratesFile(),
      '--quarantine',
      file('q.ndjson'),
      '--out',
      file('kept'),
    ]);
    expect(readFileSync(file('q.ndjson'), 'utf8')).toBe('');
    expect(stderr).toMatch(/^quarantine: 0 of \d+ rows, 0 of them clicked\n$/);
  });

  it('refuses to leave out what is no quarantine', async () => {
    writeFileSync(file('q.ndjson'), '{"id":"a"}\n{}\n');
    const excluding = features(['--simulate', '200', '--exclude', file('q.ndjson'), '--out', file('kept')]);
    await expect(excluding).rejects.toThrow(/q\.ndjson:2: is no row of a quarantine/);
  });
});

/** Of the model that ships. */
function ratesFile(): string {
  return join(import.meta.dirname, '..', 'config', 'models', 'ctr', 'rates.json');
}
