import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { InputError } from '../adapters/training-data/input-file.ts';
import { blaming, startupError, UsageError } from './usage-error.ts';

test.each(['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL'])('%s: another port may help', (code) => {
  const error = startupError(Object.assign(new Error(`listen ${code}`), { code }));
  expect(error).toEqual(new UsageError(`listen ${code}; choose another --port (0 picks a free one)`));
  expect(error).toBeInstanceOf(UsageError);
});

test('a locked folder: another folder may help', () => {
  const locked = Object.assign(new Error('./data is in use'), { name: 'FolderLockedError' });
  expect(startupError(locked)).toEqual(new UsageError('./data is in use; choose another --data folder'));
});

test('anything else stays what it is', () => {
  const error = new Error('bug');
  expect(startupError(error)).toBe(error);
});

test('a file that the configuration names cannot be read', () => {
  const error = Object.assign(new Error('configuration: estimation.model.remote.ratesFile: is no file'), {
    name: 'ConfigError',
  });
  expect(startupError(error)).toEqual(new UsageError(error.message));
});

describe('files of the caller', () => {
  it.each([
    [() => readFileSync('/nowhere/a'), '/nowhere/a: there is no such file or folder'],
    [() => readFileSync('/'), '/: is a folder'],
    [
      () => writeFileSync('/etc/passwd/a', ''),
      '/etc/passwd/a: leads through a file, or is one where a folder is needed',
    ],
  ])('are named in one line, with the option and what is wrong: %#', (use, problem) => {
    expect(() => blaming('score: --bundle', '/', use)).toThrow(new UsageError(`score: --bundle: ${problem}`));
  });

  it('also what they hold, in one line', () => {
    const refuse = (): never => {
      throw new InputError('/tmp/a: is\nnone');
    };
    expect(() => blaming('score: --rows', '/tmp/a', refuse)).toThrow(new UsageError('score: --rows: /tmp/a: is none'));
  });

  it('faults of ours stay what they are', () => {
    const bug = new TypeError('bug');
    const fail = (): never => {
      throw bug;
    };
    expect(() => blaming('score: --rows', '/tmp/a', fail)).toThrow(bug);
  });
});
