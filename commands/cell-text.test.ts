import { expect, it, test } from 'vitest';
import { csvCell, jsonText, shownText } from './cell-text.ts';
import { TABLE_FORMATS } from './report-table.ts';

test.each([
  ['=1+1', "'=1+1"],
  ['+1', "'+1"],
  ['-cmd|x', "'-cmd|x"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['=HYPERLINK("http://a.example","b")', `"'=HYPERLINK(""http://a.example"",""b"")"`],
  ['\t=1', '\\u0009=1'],
  ['\r\n=1', '\\u000d\\u000a=1'],
  ['-12.50', '-12.50'],
  ['a=b', 'a=b'],
  ['', ''],
])('%j is %s in CSV', (text, expected) => {
  expect(csvCell(text)).toBe(expected);
});

it('tells terminals nothing', () => {
  expect(shownText('\u001b[2J\u009b1mé\u202e😀')).toBe('\\u001b[2J\\u009b1mé\\u202e😀');
  expect(jsonText({ id: '\u009b\u202e\n' })).toBe('{\n  "id": "\\u009b\\u202e\\n"\n}\n');
  expect(JSON.parse(jsonText(['\u009b\u202e\n']))).toEqual(['\u009b\u202e\n']);
});

it('in all kinds of reports', () => {
  const columns = [{ name: 'id', isNumber: false }];
  expect(TABLE_FORMATS.csv(columns, [['=\u001b']])).toBe("id\r\n'=\\u001b\r\n");
  expect(TABLE_FORMATS.table(columns, [['=\u001b']])).toBe('id\n=\\u001b\n');
  expect(TABLE_FORMATS.json(columns, [['\u009b']])).toContain('\\u009b');
});
