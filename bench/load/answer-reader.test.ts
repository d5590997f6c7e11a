import { expect, test } from 'vitest';
import { createAnswerReader } from './answer-reader.ts';

const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nDate: now\r\n\r\n{}';
const REFUSAL = 'HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';

test.each([1, 3, 40, ANSWER.length])('an answer in pieces of %i bytes, then another', (size) => {
  const reader = createAnswerReader();
  for (const [text, status, closes] of [
    [ANSWER, 200, false],
    [REFUSAL, 429, true],
    [ANSWER, 200, false],
  ] as const) {
    for (let at = 0; at < text.length; at += size) {
      expect(reader.read(Buffer.from(text.slice(at, at + size)))).toBe(at + size >= text.length);
    }
    expect(reader.status()).toBe(status);
    expect(reader.closes()).toBe(closes);
  }
});

test('what is no such answer is an error', () => {
  expect(() => createAnswerReader().read(Buffer.from('HTTP/1.1 200 OK\r\n\r\n'))).toThrow('content-length');
  expect(() => createAnswerReader().read(Buffer.from(`${ANSWER}x`))).toThrow('more bytes');
});
