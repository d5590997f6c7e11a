import { expect, test } from 'vitest';
import { answerBudgetMs } from './deadline.ts';

const RULES = { tmaxDefaultMs: 100, tmaxMaxMs: 1000, networkAllowanceMs: 5 };

test.each([
  ['absent: the default', undefined, 95],
  ['zero: the default', 0, 95],
  ['negative: the default', -7, 95],
  ['as asked, less the way', 250, 245],
  ['absurd: the bound', 60_000, 995],
  ['shorter than the way: none', 3, 0],
])('tmax %s', (_name, tmaxMs, budgetMs) => {
  expect(answerBudgetMs(tmaxMs, RULES)).toBe(budgetMs);
});
