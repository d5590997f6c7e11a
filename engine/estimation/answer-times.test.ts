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

it('one that was waited for in vain again and again is not, though it has not answered yet', () => {
  const answers = times(...repeated(5, 32));
  for (let wait = 0; wait < 16; wait++) answers.recordVainWait(20);
  expect(answers.areMostlyWithin(20)).toBe(true);
  answers.recordVainWait(20);
  expect(answers.areMostlyWithin(20)).toBe(false);
  expect(answers.areMostlyWithin(10)).toBe(false);
});

it('who had less time than an answer takes says nothing about those who have more', () => {
  const answers = times(...repeated(5, 32));
  for (let wait = 0; wait < 31; wait++) answers.recordVainWait(1);
  expect(answers.areMostlyWithin(20)).toBe(true);
  expect(answers.areMostlyWithin(1)).toBe(false);
});
