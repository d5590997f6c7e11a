import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { simulate } from './simulate.ts';
import { UsageError } from './usage-error.ts';

let folder: string;
let printed: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gavel-bidding-'));
  writeFileSync(join(folder, 'train'), '0 1 0.25\n1 3 0.75\n');
  writeFileSync(join(folder, 'data'), '4 2\n1\n0 1 0.5\n1 3 0.25\n2\n1 2 1.0\n');
  printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += text;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = 0;
  rmSync(folder, { recursive: true });
});

/** `HERE` is the test's folder. */
async function bidding(line: string): Promise<string> {
  await simulate(['bidding', ...line.split(' ').map((arg) => arg.replace('HERE', folder))]);
  return printed;
}

it('prints what policies come to, learning from a log', async () => {
  expect(await bidding('--policy mcpc,lin_bid --b0 3 --c0 1 --data HERE/data --train HERE/train')).toBe(
    [
      'policy   budget  bids  imps  clicks  cost',
      'mcpc          4     3     2       1     3',
      'lin_bid       4     3     2       1     3',
      '',
    ].join('\n'),
  );
});

it('takes training figures by hand over those of a log', async () => {
  const line = '--policy mcpc --c0 1 --data HERE/data --imp-train 2 --clk-train 1 --cost-train 12 --json';
  expect(JSON.parse(await bidding(line))).toEqual([
    { policy: 'mcpc', budget: 12, bids: 3, imps: 3, clicks: 2, cost: 6 },
  ]);
});

it('bids with one budget, and steers the cost of clicks', async () => {
  const one = await bidding('--policy const --para 4 --budget 1.5 --data HERE/data --train HERE/train --json');
  expect(JSON.parse(one)).toEqual([{ policy: 'const', budget: 1.5, bids: 2, imps: 2, clicks: 1, cost: 4 }]);
  printed = '';
  const rounds = await bidding('--policy pid --rounds 3 --reference-ecpc 2 --data HERE/data --train HERE/train --json');
  expect(JSON.parse(rounds)).toMatchObject([
    { round: 0, ecpc: 1, clicks: 0, cost: 1, settled: 'no' },
    { round: 1, ecpc: 2, clicks: 1, cost: 4, settled: 'yes' },
    { round: 2, ecpc: 2, clicks: 2, cost: 6, settled: 'yes' },
  ]);
});

it('prints published results beside, and ends with 1 when they differ', async () => {
  const section = { data: ['train', 'data'], params: { budget_share: 1 }, published: { const: { para: 2, imp: 1 } } };
  writeFileSync(join(folder, 'expected.json'), JSON.stringify({ own: section }));
  expect(await bidding('--expected HERE/expected.json')).toMatch(/own +const +imp 1 +imp 1 +equal/);
  expect(process.exitCode).toBe(0);
  section.published.const.imp = 2;
  writeFileSync(join(folder, 'expected.json'), JSON.stringify({ own: section }));
  expect(await bidding('--expected HERE/expected.json')).toMatch(/own +const +imp 2 +imp 1 +DIFFERS/);
  expect(process.exitCode).toBe(1);
});

it.each([
  ['--data HERE/data', /--policy and --data are needed, or --expected/],
  ['--policy rlb,truth --data HERE/data', /--policy must be of one kind/],
  ['--policy rlb --para 3 --data HERE/data', /--para has no effect with --policy rlb/],
  ['--policy rlb --rounds 3 --expected HERE/x', /--policy has no effect with --expected/],
  ['--policy mcpc --data HERE/data', /--cost-train is needed/],
  ['--policy mcpc --data HERE/data --campaign 7', /--campaign and --datasets need each other/],
  ['--policy mcpc --data HERE/none --train HERE/train', /HERE\/none: there is no such file/],
  ['--policy lin_bid --data HERE/data --train HERE/train', /lin_bid needs its bid at the average CTR, b0/],
  ['--policy rlb --data HERE/data --cost-train 1 --imp-train 1 --clk-train 1', /need the prices of the training data/],
  ['--policy pid --data HERE/data', /--train is needed/],
  ['--policy pid --data HERE/data --train HERE/train', /3 auctions are too few for 40 rounds/],
  ['--policy pid --data HERE/data --train HERE/train --phi-min 6', /no room from 6 to 5/],
  ['--policy const --para x --data HERE/data --train HERE/train', /--para must be a number of 0 or more, is "x"/],
  ['--expected HERE/none', /--expected: HERE\/none: ENOENT/],
])('refuses %s', async (line, problem) => {
  const error = await bidding(line).catch((refusal: unknown) => refusal);
  expect(error).toBeInstanceOf(UsageError);
  expect((error as UsageError).message.replaceAll(folder, 'HERE')).toMatch(problem);
});
