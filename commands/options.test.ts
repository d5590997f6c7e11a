import { afterEach, describe, expect, test, vi } from 'vitest';
import { readOptions, wholeNumber } from './options.ts';
import { UsageError } from './usage-error.ts';

afterEach(() => vi.restoreAllMocks());

const COMMAND = {
  name: 'serve',
  summary: 'serves',
  options: {
    port: { type: 'string', value: 'N', help: 'port to listen on' },
    verbose: { type: 'boolean', help: 'says more' },
  },
} as const;

describe('options', () => {
  test('are read by name; absent ones are absent', () => {
    expect(readOptions(COMMAND, ['--port', '1', '--verbose'])).toEqual({ port: '1', verbose: true });
    expect(readOptions(COMMAND, ['--port=1'])).toEqual({ port: '1' });
    expect(readOptions(COMMAND, [])).toEqual({});
  });

  test('that may be given again are lists', () => {
    const options = { set: { type: 'string', multiple: true, help: 'sets' } } as const;
    const read = (...args: string[]) => readOptions({ name: 'serve', summary: 'serves', options }, args);
    expect(read('--set', 'a=1', '--set', 'b=-2')).toEqual({ set: ['a=1', 'b=-2'] });
    expect(read()).toEqual({});
  });

  test.each([
    ['an unknown option', ['--prot', '1']],
    ['an argument too many', ['1']],
    ['a value that is missing', ['--port']],
    ['a value for a flag', ['--verbose=1']],
  ])('%s is a usage error of one line that names the command', (_name, args) => {
    expect(() => readOptions(COMMAND, args)).toThrow(UsageError);
    expect(() => readOptions(COMMAND, args)).toThrow(/^serve: [^\n]+ \(see gavel serve --help\)$/);
  });

  test.each(['--help', '-h'])('%s prints them and reads nothing', (flag) => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    expect(readOptions(COMMAND, ['--nonsense', flag])).toBeNull();
    expect(write.mock.calls).toEqual([
      [
        [
          'gavel serve: serves',
          '',
          'Usage: gavel serve [options]',
          '',
          '  --port N    port to listen on',
          '  --verbose   says more',
          '',
        ].join('\n'),
      ],
    ]);
  });
});

describe('whole number', () => {
  const read = (text: string | undefined) => wholeNumber(text, 'dsps', 50, { min: 1, max: 100 });

  test('as given, within bounds, or the standard', () => {
    expect([read('1'), read('100'), read(undefined)]).toEqual([1, 100, 50]);
  });

  test.each(['0', '101', '-1', '1.5', '', ' ', 'x', '1x', 'Infinity'])('%j is refused by name', (text) => {
    expect(() => read(text)).toThrow(new UsageError(`--dsps must be a whole number from 1 to 100, is "${text}"`));
  });
});

test('a value below 0 is a value, and nothing else is taken for one', () => {
  const command = {
    name: 'test',
    summary: '',
    options: { rate: { type: 'string', help: '' }, quick: { type: 'boolean', help: '' } },
  } as const;
  expect(readOptions(command, ['--rate', '-3'])).toEqual({ rate: '-3' });
  expect(() => readOptions(command, ['--rate', '--quick'])).toThrow(UsageError);
  expect(() => readOptions(command, ['--quick', '-3'])).toThrow(UsageError);
});
