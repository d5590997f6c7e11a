import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { InputError } from './input-file.ts';
import { readMatrix, writeMatrix } from './npy.ts';

const folder = mkdtempSync(join(tmpdir(), 'gavel-npy-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a matrix comes back to the bit', () => {
  const path = join(folder, 'matrix.npy');
  const values = Float64Array.of(0.1, Number.NaN, -0, 1e300, 5e-324, -7);
  writeMatrix(path, values, 3);
  expect(readMatrix(path)).toEqual({ values, columns: 3 });
});

test('is NumPy format 1.0, data at a multiple of 64', () => {
  const path = join(folder, 'format.npy');
  writeMatrix(path, new Float64Array(6), 2);
  const bytes = readFileSync(path);
  expect(bytes.subarray(0, 8)).toEqual(Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]));
  expect((bytes.length - 6 * 8) % 64).toBe(0);
  expect(bytes.toString('latin1', 10, bytes.length - 6 * 8)).toMatch(
    /^\{'descr': '<f8', 'fortran_order': False, 'shape': \(3, 2\), \} *\n$/,
  );
});

describe('refuses in one line, and never invents numbers', () => {
  const path = join(folder, 'other.npy');
  /** 2 x 3 numbers behind a header. */
  function write(header: string, bytes = 48): void {
    const padded = Buffer.from(header.padEnd(118), 'latin1');
    writeFileSync(
      path,
      Buffer.concat([Buffer.from('\x93NUMPY\x01\x00\x76\x00', 'latin1'), padded, Buffer.alloc(bytes)]),
    );
  }
  const header = (descr = "'<f8'", order = 'False', shape = '(2, 3)'): string =>
    `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }\n`;

  test('but takes it when it is right', () => {
    write(header());
    expect(readMatrix(path)).toEqual({ values: new Float64Array(6), columns: 3 });
  });

  test.each([
    ['float32', header("'<f4'"), "holds '<f4', not '<f8'"],
    ['big endian', header("'>f8'"), "holds '>f8', not '<f8'"],
    ['records', header("[('a', '<f8')]"), "holds [, not '<f8'"],
    ['Fortran order', header("'<f8'", 'True'), 'is in Fortran order'],
    ['one dimension', header("'<f8'", 'False', '(6,)'), 'has the shape (6,), not (rows, columns)'],
    ['three', header("'<f8'", 'False', '(1, 2, 3)'), 'has the shape (1, 2, 3), not (rows, columns)'],
    ['none', '', 'holds no type'],
  ])('%s', (_, text, message) => {
    write(text);
    expect(() => readMatrix(path)).toThrow(InputError);
    expect(() => readMatrix(path)).toThrow(`${path}: ${message}`);
  });

  test.each([0, 1, 40, 47, 49, 56])('%s bytes of numbers instead of 48', (bytes) => {
    write(header(), bytes);
    expect(() => readMatrix(path)).toThrow(`${path}: has ${bytes} bytes of numbers where 2 x 3 take 48`);
  });

  test.each([0, 5, 8, 10, 60])('a file cut after %s bytes', (length) => {
    write(header());
    truncateSync(path, length);
    expect(() => readMatrix(path)).toThrow(InputError);
  });

  test('another format', () => {
    writeFileSync(path, '1,2,3\n4,5,6\n7,8,9\n');
    expect(() => readMatrix(path)).toThrow("is not in NumPy's format 1.0");
  });
});
