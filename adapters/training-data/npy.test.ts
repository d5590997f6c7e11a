import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
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

test('refuses what is not such a matrix', () => {
  const path = join(folder, 'other.npy');
  writeFileSync(path, Buffer.concat([Buffer.from('\x93NUMPY\x01\x00\x46\x00', 'latin1'), Buffer.alloc(200, 0x20)]));
  expect(() => readMatrix(path)).toThrow('is not a matrix');
});
