import { expect, it } from 'vitest';
import { AnswerTimes } from './answer-times.ts';

function times(...answersMs: number[]): AnswerTimes {
  const answers = new AnswerTimes();
  for (const ms of answersMs) answers.record(ms);
  return answers;
}

const repeated = (ms: number, count: number): number[] => Array.from({ length: count }, () => ms);

it('a model of which little is known is worth waiting for', () => {
  expect(times(...repeated(500, 31)).areMostlyWithin(20)).toBe(true);
});

it('one that mostly takes longer is not, until it is quick again', () => {
  const answers = times(...repeated(500, 32));
  expect(answers.areMostlyWithin(20)).toBe(false);
  expect(answers.areMostlyWithin(500)).toBe(true);
  for (const ms of repeated(5, 15)) answers.record(ms);
  expect(answers.areMostlyWithin(20)).toBe(false);
  answers.record(20);
  expect(answers.areMostlyWithin(20)).toBe(true);
});

it('one that gives no answers is worth waiting for in no case', () => {
  expect(times(...repeated(Number.POSITIVE_INFINITY, 32)).areMostlyWithin(1e9)).toBe(false);
});
