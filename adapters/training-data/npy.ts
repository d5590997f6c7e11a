/** Writes arrays in NumPy's own format (version 1.0, little endian, row by row). */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

const MAGIC = Buffer.from('\x93NUMPY\x01\x00', 'latin1');
/** The data begin at a multiple of this. */
const ALIGNMENT = 64;

export function writeMatrix(path: string, values: Float64Array, columns: number): void {
  const shape = `(${values.length / columns}, ${columns})`;
  const header = `{'descr': '<f8', 'fortran_order': False, 'shape': ${shape}, }`;
  const unpadded = MAGIC.length + 2 + header.length + 1;
  const padded = `${header}${' '.repeat((ALIGNMENT - (unpadded % ALIGNMENT)) % ALIGNMENT)}\n`;
  const length = Buffer.alloc(2);
  length.writeUInt16LE(padded.length);
  const file = openSync(path, 'w');
  try {
    writeSync(file, Buffer.concat([MAGIC, length, Buffer.from(padded, 'latin1')]));
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
  } finally {
    closeSync(file);
  }
}

/** A matrix that `writeMatrix` or NumPy wrote. Throws an Error for another type, order or dimension. */
export function readMatrix(path: string): { readonly values: Float64Array; readonly columns: number } {
  const bytes = readFileSync(path);
  const start = MAGIC.length + 2;
  const end = start + bytes.readUInt16LE(MAGIC.length);
  const header = bytes.toString('latin1', start, end);
  const shape = /^\{'descr': '<f8', 'fortran_order': False, 'shape': \((\d+), (\d+)\)/.exec(header);
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC) || shape === null) {
    throw new Error(`${path} is not a matrix of 64-bit numbers in NumPy's format 1.0`);
  }
  const count = Number(shape[1]) * Number(shape[2]);
  // Copied: a view needs its bytes at a multiple of eight in memory.
  const values = new Float64Array(count);
  new Uint8Array(values.buffer).set(bytes.subarray(end, end + count * Float64Array.BYTES_PER_ELEMENT));
  return { values, columns: Number(shape[2]) };
}
