import { expect, test } from 'vitest';
import { startupError, UsageError } from './usage-error.ts';

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
